internal import LimequatBytes
internal import LimequatTensor

/// The shape of what one node makes, from the shapes of what it reads (G26 to G29, G32 and G33).
struct NodeShapes: ~Copyable {
  let node: Node
  let place: GraphError.Place
  /// At most 64.
  private let inputs: [Shape?]

  init(node: Node, place: GraphError.Place, shapes: borrowing Table<Shape>) {
    self.node = node
    self.place = place
    var inputs: [Shape?] = []
    for index in 0..<node.inputCount {
      if let value = node.input(at: index) { inputs.append(shapes[value]) } else { inputs.append(nil) }
    }
    self.inputs = inputs
  }

  /// Decoding has checked that all inputs are there that must be.
  func input(_ index: Int) -> Shape { (index < inputs.count ? inputs[index] : nil) ?? Shape() }
  func optionalInput(_ index: Int) -> Shape? { index < inputs.count ? inputs[index] : nil }
  var inputCount: Int { inputs.count }

  func infer(banks: (Name) -> BankShape?) throws(GraphError) -> Shape {
    switch node.op {
    case .identity, .cast, .gelu, .relu, .sigmoid, .tanh: return input(0)
    case .reshape(let entries): return try reshape(entries)
    case .transpose(let permutation): return try transpose(permutation)
    case .squeeze(let axes): return try squeeze(axes)
    case .unsqueeze(let axes): return try unsqueeze(axes)
    case .concat(let axis): return try concat(axis)
    case .slice(let starts, let ends, let axes, let steps): return try slice(starts, ends, axes, steps)
    case .pad(let pads): return try pad(pads)
    case .gather(let axis): return try gather(axis)
    case .add, .subtract, .multiply, .divide, .less, .equal: return try broadcast(input(0), input(1))
    case .choose: return try broadcast(try broadcast(input(1), input(2)), input(0))
    case .matMul: return try matMul()
    case .layerNormalization, .rmsNormalization: return try normalization()
    case .softmax:
      try require(input(0).rank >= 1, .ranks, "at least 1 dim", "none")
      return input(0)
    case .reduceMean(let axis, let keep), .reduceSum(let axis, let keep), .reduceL2(let axis, let keep):
      return try reduce(axis, keepDims: keep)
    case .attention(let heads, let kvHeads, _): return try attention(heads: heads, kvHeads: kvHeads)
    case .sparseMoE(let bank, let attributes): return try sparseMoE(bank, attributes, banks)
    }
  }

  @inline(never)
  func require(
    _ condition: Bool, _ rule: GraphRule, _ expected: @autoclosure () -> String,
    _ found: @autoclosure () -> String
  ) throws(GraphError) {
    guard condition else { throw .broken(rule, at: place, expected: expected(), found: found()) }
  }

  /// The axis counted from the front.
  func normalize(_ axis: Int, rank: Int) throws(GraphError) -> Int {
    try require(axis >= -rank && axis < rank, .axes, "an axis of \(rank) dims", "\(axis)")
    return axis < 0 ? axis + rank : axis
  }

  /// A bit for each of the axes, which are distinct.
  func axisSet(_ axes: IntegerList, rank: Int) throws(GraphError) -> UInt32 {
    var set: UInt32 = 0
    for index in 0..<axes.count {
      let axis = try normalize(axes[index], rank: rank)
      try require(set & 1 << UInt32(axis) == 0, .axes, "each axis once", "\(axes)")
      set |= 1 << UInt32(axis)
    }
    return set
  }

  /// NumPy's broadcasting: aligned at the end, dims equal or 1.
  func broadcast(_ a: Shape, _ b: Shape) throws(GraphError) -> Shape {
    var result = Shape()
    let rank = max(a.rank, b.rank)
    for index in 0..<rank {
      // Outside the rank a Shape answers 1; a place before the front must not count from the end.
      let x = index - (rank - a.rank) < 0 ? 1 : a[index - (rank - a.rank)]
      let y = index - (rank - b.rank) < 0 ? 1 : b[index - (rank - b.rank)]
      try require(x == y || x == 1 || y == 1, .broadcast, "dims that are equal or 1", "\(a) and \(b)")
      result.append(max(x, y))
    }
    return result
  }
}
