internal import LimequatBytes
internal import LimequatContainer
internal import LimequatGraph
internal import LimequatTensor

/// What a call gives, compared with what the signature takes.
extension SignatureModel {
  /// The input that may be left out, because token ids tell it.
  static let lengths: StaticString = "lengths"

  /// Whether the last input is the lengths of the first one's rows.
  var takesLengths: Bool {
    guard graph.inputCount > 1, let last = graph.value(at: graph.inputCount - 1), let ids = graph.value(at: 0)
    else {
      return false
    }
    return last.name == Name(SignatureModel.lengths) && last.type == .i32 && last.dims?.rank == 1
      && ids.type == .i32 && ids.dims?.rank == 2
  }

  /// Types, memory and alignment.
  func checkInputs(_ inputs: UnsafeBufferPointer<TensorView>) throws(RuntimeError) {
    let isShort = inputs.count == graph.inputCount - 1 && takesLengths
    guard inputs.count == graph.inputCount || isShort else {
      throw .inputCount(found: inputs.count, expected: graph.inputCount)
    }
    for (index, input) in inputs.enumerated() {
      guard let value = graph.value(at: index) else { continue }
      guard input.type == value.type.element || input.type == .i64 && value.type == .i32 else {
        throw .inputType(input: value.name.text, found: input.type, expected: value.type)
      }
      try check(input.bytes, input.type, input.shape, value.name)
    }
  }

  private func check(
    _ bytes: UnsafeRawBufferPointer, _ type: ElementType, _ shape: Shape, _ name: Name
  ) throws(RuntimeError) {
    guard let count = shape.count, case (let size, false) = count.multipliedReportingOverflow(by: type.size)
    else {
      throw .tooLarge
    }
    guard bytes.count == size else { throw .byteCount(name.text, found: bytes.count, expected: size) }
    guard UInt(bitPattern: bytes.baseAddress) % UInt(type.size) == 0 else { throw .misaligned(name.text) }
  }

  func checkOutputs(_ outputs: UnsafeBufferPointer<MutableTensorView>, _ plan: Plan) throws(RuntimeError) {
    guard outputs.count == graph.outputCount else {
      throw .outputCount(found: outputs.count, expected: graph.outputCount)
    }
    for (index, output) in outputs.enumerated() {
      guard let place = graph.output(at: index), let value = plan.values[place],
        let name = graph.value(at: place)?.name
      else { continue }
      guard output.type == value.type.element else {
        throw .inputType(input: name.text, found: output.type, expected: value.type)
      }
      try check(UnsafeRawBufferPointer(output.bytes), output.type, value.shape, name)
    }
  }

  /// The shapes of all inputs, with that of `lengths` if it is left out.
  func inputShapes(_ inputs: UnsafeBufferPointer<TensorView>) throws(RuntimeError) -> Table<Shape> {
    try inputShapes(count: inputs.count) { inputs[$0].shape }
  }

  func inputShapes(_ inputs: UnsafeBufferPointer<Shape>) throws(RuntimeError) -> Table<Shape> {
    try inputShapes(count: inputs.count) { inputs[$0] }
  }

  private func inputShapes(count: Int, _ shape: (Int) -> Shape) throws(RuntimeError) -> Table<Shape> {
    guard count == graph.inputCount || count == graph.inputCount - 1 && takesLengths else {
      throw .inputCount(found: count, expected: graph.inputCount)
    }
    var shapes = try Allocation.table(capacity: graph.inputCount) as Table<Shape>
    for index in 0..<count { shapes.append(shape(index)) }
    if count < graph.inputCount { shapes.append(Shape(of: shapes[0]?[0] ?? 0)) }
    for index in 0..<graph.inputCount { try checkShape(index, shapes) }
    return shapes
  }

  /// Fixed dims are what they are; a symbolic one is the same wherever it stands, and within its bounds.
  private func checkShape(_ index: Int, _ shapes: borrowing Table<Shape>) throws(RuntimeError) {
    guard let value = graph.value(at: index), let dims = value.dims, let shape = shapes[index] else { return }
    guard shape.rank == dims.rank else { throw mismatch(value, shape, dims) }
    for axis in 0..<dims.rank {
      switch dims[axis] {
      case .fixed(let size):
        guard shape[axis] == size else { throw mismatch(value, shape, dims) }
      case .symbolic(let name):
        let bounds = bounds(name)
        let (minimum, maximum) = (max(1, bounds?.min ?? 1), bounds?.max)
        guard shape[axis] >= minimum, shape[axis] <= maximum ?? Int.max else {
          throw .inputDimension(
            input: value.name.text, dimension: name.text, found: shape[axis], minimum: minimum,
            maximum: maximum)
        }
        guard first(name, shapes) == shape[axis] else { throw mismatch(value, shape, dims) }
      case nil: throw mismatch(value, shape, dims)
      }
    }
  }

  private func mismatch(_ value: Value, _ shape: Shape, _ dims: DeclaredDims) -> RuntimeError {
    .inputShape(input: value.name.text, found: shape, expected: dims.description)
  }

  /// What a symbolic dim is in the first place where it stands.
  private func first(_ name: Name, _ shapes: borrowing Table<Shape>) -> Int? {
    for index in 0..<graph.inputCount {
      guard let dims = graph.value(at: index)?.dims, let shape = shapes[index] else { continue }
      for axis in 0..<dims.rank {
        if case .symbolic(let other)? = dims[axis], other == name { return shape[axis] }
      }
    }
    return nil
  }
}

extension GraphType {
  var element: ElementType {
    switch self {
    case .f32: .f32
    case .u8: .u8
    case .i32: .i32
    case .i64: .i64
    case .bool: .bool
    }
  }
}
