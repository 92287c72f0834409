internal import LimequatBytes
internal import LimequatTensor

/// Operators that compute.
extension NodeShapes {
  func matMul() throws(GraphError) -> Shape {
    let a = input(0)
    let b = input(1)
    try require(a.rank >= 2, .ranks, "at least 2 dims of input 0", "\(a)")
    try require(b.rank == 2, .ranks, "2 dims of input 1", "\(b)")
    try require(a[-1] == b[0], .dims, "the last dim of \(a) as the first of input 1", "\(b)")
    var result = a
    result[-1] = b[1]
    return result
  }

  func normalization() throws(GraphError) -> Shape {
    let x = input(0)
    try require(x.rank >= 1, .ranks, "at least 1 dim", "none")
    for index in 1..<max(1, inputCount) {
      guard let parameter = optionalInput(index) else { continue }
      try require(
        parameter == Shape(of: x[-1]), .dims, "[\(x[-1])], the last dim of \(x), for input \(index)",
        "\(parameter)")
    }
    return x
  }

  func reduce(_ axis: Int, keepDims: Bool) throws(GraphError) -> Shape {
    let from = input(0)
    let axis = try normalize(axis, rank: from.rank)
    var result = Shape()
    for index in 0..<from.rank {
      if index != axis { result.append(from[index]) } else if keepDims { result.append(1) }
    }
    return result
  }

  func attention(heads: Int, kvHeads: Int) throws(GraphError) -> Shape {
    let (q, k, v) = (input(0), input(1), input(2))
    for (index, shape) in [q, k, v].enumerated() {
      try require(shape.rank == 3, .ranks, "3 dims of input \(index)", "\(shape)")
    }
    try require(q[0] == k[0], .dims, "one batch size", "\(q) and \(k)")
    try require(k == v, .dims, "keys and values of one shape", "\(k) and \(v)")
    try require(q[2] % heads == 0, .dims, "a last dim of \(heads) heads", "\(q)")
    try require(k[2] % kvHeads == 0, .dims, "a last dim of \(kvHeads) heads", "\(k)")
    try require(
      q[2] / heads == k[2] / kvHeads, .dims, "heads of one size", "\(q[2] / heads) and \(k[2] / kvHeads)")
    if let mask = optionalInput(3) {
      try require(mask.rank <= 4, .ranks, "a mask of at most 4 dims", "\(mask)")
      let full = Shape(of: q[0], heads, q[1], k[1])
      try require(
        try broadcast(mask, full) == full, .broadcast, "a mask that broadcasts to \(full)", "\(mask)")
    }
    return q
  }

  func sparseMoE(
    _ name: Name, _ attributes: SparseMoEAttributes, _ banks: (Name) -> BankShape?
  ) throws(GraphError) -> Shape {
    let x = input(0)
    let logits = input(1)
    try require(x.rank >= 2, .ranks, "at least 2 dims of input 0", "\(x)")
    try require(logits.rank == x.rank, .ranks, "\(x.rank) dims of the logits", "\(logits)")
    for index in 0..<x.rank - 1 {
      try require(x[index] == logits[index], .dims, "logits for each token of \(x)", "\(logits)")
    }
    guard let bank = banks(name) else {
      throw .broken(.bank, at: place, expected: "a bank '\(name)' in the container", found: "none")
    }
    try require(
      bank.inputSize == x[-1] && bank.outputSize == x[-1], .bank, "experts from \(x[-1]) to \(x[-1])",
      "from \(bank.inputSize) to \(bank.outputSize)")
    try require(
      bank.expertCount == logits[-1], .bank, "\(logits[-1]) experts, as the logits have",
      "\(bank.expertCount)")
    try require(
      bank.isGated == (attributes.activation == .swiglu), .bank, "gated experts for swiglu and only for it",
      bank.isGated ? "gated experts" : "experts without gates")
    try require(
      attributes.k <= bank.presentCount, .bank, "at least k = \(attributes.k) experts that are not absent",
      "\(bank.presentCount)")
    try checkGrouping(x, attributes, experts: logits[-1])
    return x
  }

  /// G32.
  private func checkGrouping(_ x: Shape, _ attributes: SparseMoEAttributes, experts: Int) throws(GraphError) {
    guard let tokens = x.product(0..<x.rank - 1) else { return }  // x has passed the limit of elements
    do throws(GroupingError) {
      _ = try attributes.grouping(tokens: tokens, sequence: x[-2], experts: experts)
    } catch {
      switch error {
      case .capacityBelowOne(let size):
        throw .broken(
          .grouping, at: place, expected: "a capacity of at least 1",
          found: "less for groups of \(size) tokens")
      case .indivisible(let tokens, let size):
        throw .broken(
          .grouping, at: place, expected: "a multiple of \(size) tokens in a call", found: "\(tokens)")
      }
    }
  }
}
