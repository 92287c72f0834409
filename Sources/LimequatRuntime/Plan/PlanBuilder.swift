internal import CLimequatKernels
internal import LimequatBytes
internal import LimequatContainer
internal import LimequatGraph
internal import LimequatTensor

/// Makes a plan: fuses nodes, orders steps, and gives each value a place for as long as it is needed.
struct PlanBuilder: ~Copyable {
  let signature: SignatureModel
  let threads: Int
  var graph: Graph { signature.graph }

  var values: Table<PlannedValue>
  var steps: Table<Step>
  var rooms: Table<SparseMoERoom>
  /// How often each value is read or given out, and the node that reads it last.
  var uses: Table<Int32>
  var readers: Table<Int32>
  /// What became of each node: ``plain``, ``absorbed``, or the place among `fusions` of the step that it
  /// ends.
  var roles: Table<Int32>
  var fusions: Table<Step>
  /// Where integer inputs that are converted or derived lie in the arena; -1 for other inputs.
  var converted: Table<Int>
  var arenaSize = 0

  static let plain: Int32 = -1
  static let absorbed: Int32 = -2

  /// The plan for inputs of these dims, which were checked against the signature.
  static func build(
    _ signature: SignatureModel, inputs: consuming Table<Shape>, threads: Int
  ) throws(RuntimeError) -> Plan {
    let shapes = try signature.inferShapes(inputs)
    var builder = try PlanBuilder.make(signature, threads: threads)
    try builder.describe(shapes)
    try builder.countUses()
    try builder.fuse()
    try builder.order()
    try builder.place()
    return builder.finish(inputs: inputs)
  }

  private static func make(_ signature: SignatureModel, threads: Int) throws(RuntimeError) -> PlanBuilder {
    let (values, nodes, outputs) = (
      signature.graph.valueCount, signature.graph.nodeCount, signature.graph.outputCount
    )
    return PlanBuilder(
      signature: signature, threads: threads,
      values: try Allocation.table(capacity: values),
      steps: try Allocation.table(capacity: nodes + outputs),
      rooms: try Allocation.table(capacity: nodes),
      uses: try Allocation.table(repeating: 0, count: values),
      readers: try Allocation.table(repeating: -1, count: values),
      roles: try Allocation.table(repeating: PlanBuilder.plain, count: nodes),
      fusions: try Allocation.table(capacity: nodes),
      converted: try Allocation.table(capacity: signature.graph.inputCount))
  }

  private consuming func finish(inputs: consuming Table<Shape>) -> Plan {
    Plan(
      inputs: inputs, values: values, steps: steps, rooms: rooms, converted: converted, arenaSize: arenaSize)
  }

  /// Fills `values`.
  private mutating func describe(_ shapes: borrowing InferredShapes) throws(RuntimeError) {
    for index in 0..<graph.valueCount {
      try Allocation.check()
      guard let value = graph.value(at: index), let shape = shapes[index] else { throw .tooLarge }
      var planned = PlannedValue(
        type: value.type, shape: shape, root: index, place: .nowhere, stored: .f32, layout: .rows)
      switch value.source {
      case .input(let input): planned.place = .input(input)
      case .external, .constant:
        guard let weight = signature.weights[index] else { throw .tooLarge }
        planned.place = weight.place
        planned.stored = weight.type
        planned.layout = weight.layout
      case .node(let node):
        if let node = graph.node(at: node), node.op.isView, let input = node.input(at: 0),
          let source = values[input]
        {
          planned.root = source.root
        }
      }
      values.append(planned)
    }
  }

  private mutating func countUses() throws(RuntimeError) {
    for index in 0..<graph.nodeCount {
      try Allocation.check()
      guard let node = graph.node(at: index) else { continue }
      for place in 0..<node.inputCount {
        if let value = node.input(at: place) {
          use(value)
          readers.replace(value, with: Int32(truncatingIfNeeded: index))  // nodes are fewer than 2^31
        }
      }
    }
    for index in 0..<graph.outputCount {
      if let value = graph.output(at: index) { use(value) }
    }
  }

  private mutating func use(_ value: Int) {
    uses.replace(value, with: (uses[value] ?? 0) &+ 1)  // at most 64 inputs for each of 65,536 nodes
  }

  /// Fills `steps`.
  private mutating func order() throws(RuntimeError) {
    for index in 0..<graph.nodeCount {
      try Allocation.check()
      guard let node = graph.node(at: index), let role = roles[index] else { continue }
      if role == PlanBuilder.absorbed || node.op.isView { continue }
      if let fused = fusions[Int(role)] {
        steps.append(fused)
      } else {
        steps.append(try step(index, node))
      }
    }
  }

  /// A node that was not fused with others.
  private mutating func step(_ index: Int, _ node: Node) throws(RuntimeError) -> Step {
    var operation = Step.Operation.node
    switch node.op {
    case .matMul: operation = .product(bias: nil, activation: LMQ_ACTIVATION_NONE, residual: nil)
    case .sparseMoE: operation = .sparseMoE(residual: nil, room: try addRoom(node))
    case .attention: operation = .attention(ofInt8: isOfInt8(node))
    default: break
    }
    return Step(operation: operation, node: index, output: node.output)
  }

  /// The room of a SparseMoE node.
  mutating func addRoom(_ node: Node) throws(RuntimeError) -> Int {
    guard case .sparseMoE(let name, let attributes) = node.op, let x = node.input(at: 0),
      let logits = node.input(at: 1), let input = values[x], let scores = values[logits],
      let bank = signature.container.bankIndex(name), let entry = signature.container.bank(at: bank)
    else { throw .tooLarge }
    let experts = scores.shape[-1]
    let tokens = input.shape.product(0..<max(0, input.shape.rank - 1)) ?? 0
    let grouping: Grouping
    do throws(GroupingError) {
      grouping = try attributes.grouping(tokens: tokens, sequence: input.shape[-2], experts: experts)
    } catch { throw .grouping(node: node.name.text, error) }
    let shape = SparseMoEShape(
      attributes: attributes, bank: bank, tokens: tokens, sequence: input.shape[-2], experts: experts,
      inputSize: entry.inputSize, hiddenSize: entry.hiddenSize, outputSize: entry.outputSize,
      isGated: entry.isGated, usesCodes: signature.hasInt8(bank), present: signature.presence(of: bank),
      grouping: grouping)
    // Rows are numbered by UInt32, the last of which marks a dropped choice.
    let (choices, overflow) = tokens.multipliedReportingOverflow(by: attributes.k)
    guard !overflow, choices < Int(UInt32.max) else { throw .tooLarge }
    let room = SparseMoERoom(shape, threads: threads)
    guard !room.layout.isTooLarge else { throw .tooLarge }
    rooms.append(room)
    return rooms.count - 1
  }
}

extension Operator {
  /// The result is the first input with other dims.
  var isView: Bool {
    switch self {
    case .identity, .reshape, .squeeze, .unsqueeze: true
    default: false
    }
  }
}
