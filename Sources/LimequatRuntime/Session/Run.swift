internal import LimequatBytes
internal import LimequatContainer
internal import LimequatGraph
internal import LimequatTensor

/// One evaluation of a plan. Sizes and places come from the plan, which shape inference has checked, so that
/// pointers made here stay inside their memory.
struct Run: ~Copyable {
  let signature: SignatureModel
  let plan: Plan
  let engine: Engine
  let weights: WeightStore
  let store: ExpertStore
  let demand: ExpertDemand
  let arena: UnsafeMutableRawPointer
  let outputs: UnsafeBufferPointer<MutableTensorView>
  let trace: RoutingTrace?
  /// Where each input lies.
  var inputs: Table<UnsafeRawPointer>

  var graph: Graph { signature.graph }

  consuming func run(_ views: UnsafeBufferPointer<TensorView>) throws(RuntimeError) {
    try bind(views)
    try checkIndices()
    for index in 0..<plan.steps.count {
      try goOn(index)
      try Allocation.check()
      if let step = plan.steps[index] { try run(step) }
    }
    try goOn(plan.steps.count)
  }

  /// After `done` steps: looks whether the call is cancelled, and asks the host.
  private func goOn(_ done: Int) throws(RuntimeError) {
    try demand.cancellation.check()
    guard let progress = demand.cancellation.progress else { return }
    let goesOn = progress(done, plan.steps.count)
    guard engine.pool.origin.isHere else { throw .forked }
    if !goesOn { throw .cancelled }
  }

  private func run(_ step: Step) throws(RuntimeError) {
    if case .copy(let value) = step.operation {
      guard let source = plan.values[value], let target = outputs[step.output].bytes.baseAddress else {
        return
      }
      return target.copyMemory(from: pointer(value), byteCount: source.count * source.type.size)
    }
    guard let node = graph.node(at: step.node) else { return }
    switch step.operation {
    case .product(let bias, let activation, let residual):
      try product(node, step, bias: bias, activation: activation, residual: residual)
    case .sparseMoE(let residual, let room): try sparseMoE(node, step, residual: residual, room: room)
    case .normalize(let epsilon):
      guard let x = input(node, 0) else { return }
      let width = x.value.shape[-1]
      engine.normalize(
        x.floats, floats(step.output), rows: x.value.count / max(1, width), width: width,
        epsilon: pointer(epsilon).load(as: Float.self))
    case .attention(let ofInt8): attention(node, step, ofInt8: ofInt8)
    case .join: join(node, step)
    case .node: try self.node(node, step)
    case .copy: break
    }
  }

  /// Where a value lies.
  func pointer(_ value: Int) -> UnsafeRawPointer {
    guard let root = plan.values[value]?.root, let place = plan.values[root]?.place else {
      return UnsafeRawPointer(arena)
    }
    switch place {
    case .nowhere, .rows: return UnsafeRawPointer(arena)
    case .tensor(let index): return weights.pointer(index)
    case .arena(let offset): return UnsafeRawPointer(arena + offset)
    case .input(let index): return inputs[index] ?? UnsafeRawPointer(arena)
    case .output(let index):
      return outputs[index].bytes.baseAddress.map { UnsafeRawPointer($0) } ?? UnsafeRawPointer(arena)
    case .fixed(let start): return start
    }
  }

  /// Where a value that a step makes is written.
  func target(_ value: Int) -> UnsafeMutableRawPointer { UnsafeMutableRawPointer(mutating: pointer(value)) }
  func floats(_ value: Int) -> UnsafeMutablePointer<Float> {
    target(value).assumingMemoryBound(to: Float.self)
  }

  /// A value that a node reads.
  struct Operand {
    let value: PlannedValue
    let start: UnsafeRawPointer
    var floats: UnsafePointer<Float> { start.assumingMemoryBound(to: Float.self) }
  }

  /// Nil where the input is left out.
  func input(_ node: Node, _ place: Int) -> Operand? {
    guard let index = node.input(at: place), let value = plan.values[index] else { return nil }
    return Operand(value: value, start: pointer(index))
  }
}
