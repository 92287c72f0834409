internal import LimequatBytes

extension Operator {
  /// The element type of what the operator makes of these (G21). `types` answers nil for a left-out input.
  func resultType(
    inputCount: Int, place: GraphError.Place, types: (Int) -> GraphType?
  ) throws(GraphError) -> GraphType {
    func require(_ indices: ClosedRange<Int>, _ allowed: GraphType...) throws(GraphError) {
      for index in indices {
        guard let type = types(index) else { continue }
        guard allowed.contains(type) else {
          var expected = ""
          for type in allowed { expected += expected.utf8.isEmpty ? "\(type)" : " or \(type)" }
          throw .broken(.types, at: place, expected: "input \(index) of type \(expected)", found: "\(type)")
        }
      }
    }
    func requireSame(_ indices: ClosedRange<Int>) throws(GraphError) {
      guard let first = types(indices.lowerBound) else { return }
      for index in indices {
        guard let type = types(index), type != first else { continue }
        throw .broken(
          .types, at: place, expected: "inputs \(indices.lowerBound) and \(index) of one type",
          found: "\(first) and \(type)")
      }
    }

    let first = types(0) ?? .f32  // each operator needs its first input: G23
    switch self {
    case .identity, .reshape, .transpose, .squeeze, .unsqueeze, .slice, .pad: return first
    case .concat:
      try requireSame(0...max(0, inputCount - 1))
      return first
    case .gather:
      try require(1...1, .i32, .i64)
      return first
    case .cast(let type): return type
    case .add, .subtract, .multiply:
      try require(0...1, .f32, .i32, .i64)
      try requireSame(0...1)
      return first
    case .less, .equal:
      try require(0...1, .f32, .i32, .i64)
      try requireSame(0...1)
      return .bool
    case .choose:
      try require(0...0, .bool)
      try requireSame(1...2)
      return types(1) ?? .f32
    case .attention:
      try require(0...2, .f32)
      try require(3...3, .bool)
      return .f32
    case .reduceMean, .reduceSum, .reduceL2:
      try require(0...0, .f32)
      return .f32
    case .divide, .matMul, .layerNormalization, .rmsNormalization, .softmax, .gelu, .relu, .sigmoid, .tanh,
      .sparseMoE:
      try require(0...max(0, inputCount - 1), .f32)
      return .f32
    }
  }
}
