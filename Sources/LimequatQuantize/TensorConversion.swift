internal import LimequatContainer
internal import LimequatTensor

/// What becomes of a tensor outside the banks (formats/quantization.md, section 2).
enum TensorConversion: Equatable {
  case copy
  case half
  /// Panels or rows, as the tensor's layout is.
  case int8

  init(_ tensor: TensorEntry, role: WeightRole, dense: QuantizationOptions.Dense) {
    self = .copy
    guard dense != .keep, tensor.type.isFloat, tensor.shape.rank == 2 else { return }
    switch (role, tensor.layout) {
    case (.patch, .panel32): self = .half
    case (.matrix, .panel32): self = dense == .int8 ? .int8 : .half
    case (.table, .rows):
      // Longer rows than any matrix has stay whole in f16.
      let isShort = tensor.shape[1] <= ContainerLimits.matrixInputs
      self = dense == .int8 && isShort ? .int8 : .half
    default: return
    }
    if self == .half, tensor.type == .f16 { self = .copy }
  }

  /// What the tensor becomes; nil: what it was.
  var type: ElementType? {
    switch self {
    case .copy: nil
    case .half: .f16
    case .int8: .int8
    }
  }
}
