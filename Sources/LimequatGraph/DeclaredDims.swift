internal import CLimequatSchema
internal import LimequatBytes

/// The dims that a graph states for a value, outermost first; at most 8. Borrows from the ``Graph``.
public struct DeclaredDims: @unchecked Sendable {
  private enum Source {
    case integers(IntegerList)
    /// `count` pointers to Onnx__TensorShapeProto__Dimension.
    case messages(UnsafeRawPointer?, count: Int)
  }
  private let source: Source

  init(_ dims: IntegerList) { source = .integers(dims) }

  init(_ shape: UnsafePointer<Onnx__TensorShapeProto>) {
    source = .messages(UnsafeRawPointer(shape.pointee.dim), count: shape.pointee.n_dim)
  }

  public var rank: Int {
    switch source {
    case .integers(let list): list.count
    case .messages(_, let count): count
    }
  }

  /// Nil outside the rank, and for a dim that states neither number nor name (which decoding refuses).
  public subscript(_ index: Int) -> DeclaredDim? {
    guard index >= 0, index < rank else { return nil }
    switch source {
    case .integers(let list): return .fixed(list[index])
    case .messages(let start, _):
      guard let start else { return nil }
      let dims = start.assumingMemoryBound(to: UnsafePointer<Onnx__TensorShapeProto__Dimension>.self)
      let dim = dims[index].pointee
      switch dim.value_case {
      case ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE: return .fixed(Int(clamping: dim.dim_value))
      case ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM: return .symbolic(Name(dim.dim_param))
      default: return nil
      }
    }
  }
}

extension DeclaredDims: CustomStringConvertible {
  /// For example `[B, 16]`.
  public var description: String {
    var text = "["
    for index in 0..<rank {
      if index > 0 { text += ", " }
      switch self[index] {
      case .fixed(let size): text += "\(size)"
      case .symbolic(let name): text += name.excerpt
      case nil: text += "?"
      }
    }
    return text + "]"
  }
}
