internal import LimequatBytes
internal import LimequatGraph
internal import LimequatTensor

/// Where the int8 codes of values lie: from the first product that reads a value with int8 weights to the
/// last, so that a value is quantised once however many products read it.
struct CodesPlan: ~Copyable {
  /// For each root the last step that uses its codes, and where they lie while they live; -1 for none.
  private var lastUses: Table<Int32>
  private var starts: Table<Int>

  private init(lastUses: consuming Table<Int32>, starts: consuming Table<Int>) {
    self.lastUses = lastUses
    self.starts = starts
  }

  static func make(values: Int) throws(RuntimeError) -> CodesPlan {
    CodesPlan(
      lastUses: try Allocation.table(repeating: -1, count: values),
      starts: try Allocation.table(repeating: -1, count: values))
  }

  /// Steps are told in ascending order.
  mutating func use(_ root: Int, at step: Int) {
    lastUses.replace(root, with: Int32(truncatingIfNeeded: step))  // steps are fewer than 2^31
  }

  mutating func place(
    _ input: PlanBuilder.Int8Input, at step: Int, _ arena: inout ArenaLayout
  ) throws(RuntimeError) -> StepCodes {
    var start = starts[input.root] ?? -1
    let isFirst = start < 0
    if isFirst {
      var layout = RoomLayout()
      _ = CodesRoom(&layout, rows: input.rows, width: input.width)
      guard !layout.isTooLarge, let taken = arena.take(layout.size) else { throw .tooLarge }
      start = taken
      starts.replace(input.root, with: start)
    }
    if Int(lastUses[input.root] ?? -1) == step {
      arena.give(start)
      starts.replace(input.root, with: -1)
    }
    return StepCodes(start: start, isFirst: isFirst)
  }
}

extension PlanBuilder {
  /// What a product quantises.
  struct Int8Input {
    let root: Int
    let rows: Int
    let width: Int
  }

  /// Nil for steps that are no product with int8 weights.
  func int8Input(_ step: Step) -> Int8Input? {
    guard case .product = step.operation, let node = graph.node(at: step.node),
      let w = node.input(at: 1).flatMap({ values[$0] }), w.stored == .int8,
      let x = node.input(at: 0).flatMap({ values[$0] })
    else { return nil }
    let width = w.shape[0]
    return Int8Input(root: x.root, rows: x.count / max(1, width), width: width)
  }
}
