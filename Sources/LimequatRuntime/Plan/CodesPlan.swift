internal import LimequatBytes
internal import LimequatGraph
internal import LimequatTensor

/// Where the int8 codes of values lie, so that a value is quantised once however many int8 products read it:
/// from the step that makes the value, if that step can make codes, or else from the first product that
/// reads it, to the last such product.
struct CodesPlan: ~Copyable {
  /// For each root the last step that reads its codes; -1 for none.
  private var lastUses: Table<Int32>
  /// The rows of its codes as the first reader has them. Other readers may see other rows, through a view.
  private var widths: Table<Int>
  /// Where the codes lie while they live; -1 for nowhere.
  private var starts: Table<Int>

  private init(lastUses: consuming Table<Int32>, widths: consuming Table<Int>, starts: consuming Table<Int>) {
    self.lastUses = lastUses
    self.widths = widths
    self.starts = starts
  }

  static func make(values: Int) throws(RuntimeError) -> CodesPlan {
    CodesPlan(
      lastUses: try Allocation.table(repeating: -1, count: values),
      widths: try Allocation.table(repeating: 0, count: values),
      starts: try Allocation.table(repeating: -1, count: values))
  }

  /// Steps are told in ascending order. Answers whether the step shares codes; else it makes its own.
  mutating func use(_ input: PlanBuilder.Int8Input, at step: Int) -> Bool {
    if lastUses[input.root] ?? -1 < 0 { widths.replace(input.root, with: input.width) }
    guard widths[input.root] == input.width else { return false }
    lastUses.replace(input.root, with: Int32(truncatingIfNeeded: step))  // steps are fewer than 2^31
    return true
  }

  /// Whether steps read codes of this value's rows as it has them itself.
  func areWanted(_ root: Int, _ value: PlannedValue) -> Bool {
    lastUses[root] ?? -1 >= 0 && widths[root] == value.shape[-1]
  }

  /// Where the first step that has to do with the codes is to leave them.
  mutating func begin(
    _ input: PlanBuilder.Int8Input, _ arena: inout ArenaLayout
  ) throws(RuntimeError) -> Int {
    let start = try CodesPlan.take(input, &arena)
    starts.replace(input.root, with: start)
    return start
  }

  /// Where a step that reads codes finds them.
  mutating func place(
    _ input: PlanBuilder.Int8Input, at step: Int, _ arena: inout ArenaLayout
  ) throws(RuntimeError) -> StepCodes {
    guard widths[input.root] == input.width else {
      let start = try CodesPlan.take(input, &arena)
      arena.give(start)
      return StepCodes(start: start, isFirst: true)
    }
    let made = starts[input.root] ?? -1
    let start = made < 0 ? try begin(input, &arena) : made
    if Int(lastUses[input.root] ?? -1) == step {
      arena.give(start)
      starts.replace(input.root, with: -1)
    }
    return StepCodes(start: start, isFirst: made < 0)
  }

  private static func take(
    _ input: PlanBuilder.Int8Input, _ arena: inout ArenaLayout
  ) throws(RuntimeError) -> Int {
    var layout = RoomLayout()
    _ = CodesRoom(&layout, rows: input.rows, width: input.width)
    guard !layout.isTooLarge, let start = arena.take(layout.size) else { throw .tooLarge }
    return start
  }
}

extension PlanBuilder {
  /// What an int8 product quantises.
  struct Int8Input {
    let root: Int
    let rows: Int
    let width: Int
  }

  /// Nil for steps that take no codes of their first input.
  func int8Input(_ step: Step) -> Int8Input? {
    guard let node = graph.node(at: step.node), let x = node.input(at: 0).flatMap({ values[$0] }) else {
      return nil
    }
    let width: Int
    switch step.operation {
    case .product:
      guard let w = node.input(at: 1).flatMap({ values[$0] }), w.stored == .int8 else { return nil }
      width = w.shape[0]
    case .sparseMoE(_, let room):
      guard let shape = rooms[room]?.shape, shape.takesCodes else { return nil }
      width = shape.inputSize
    default: return nil
    }
    return Int8Input(root: x.root, rows: x.count / max(1, width), width: width)
  }

  /// Rows that a step makes and quantises together; nil for steps that do not quantise what they make.
  func bandRows(_ step: Step, rows: Int, width: Int) -> Int? {
    switch step.operation {
    case .product: return CodedRows.productBand(rows: rows, width: width, threads: threads)
    case .node:
      guard case .layerNormalization? = graph.node(at: step.node)?.op else { return nil }
      return Engine.shareRows(width: width)
    default: return nil
    }
  }
}
