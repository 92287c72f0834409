internal import LimequatBytes
internal import LimequatContainer
internal import LimequatGraph
public import LimequatTensor
internal import Synchronization

/// Runs the signatures of a model. Holds the memory between operators; it grows to what the calls need and
/// stays until ``trim()``. For one thread at a time: a call while another runs is refused. Only
/// ``setCancelled(_:)`` may come from any thread. The caller has set ``ArithmeticMode``.
public final class Session: @unchecked Sendable {
  public let model: Model
  private let isBusy = Atomic<Bool>(false)
  private let cancellation: Cancellation

  // Used by the thread that set `isBusy`.
  private var plans: PlanCache
  private var arena: Pages
  private let demand: ExpertDemand
  private var tracesRouting: Bool
  public private(set) var counters = SessionCounters()
  /// Who was routed where in the last call, if the session was made to tell.
  public private(set) var trace: RoutingTrace?

  private init(
    model: Model, plans: consuming PlanCache, arena: consuming Pages, tracesRouting: Bool, progress: Progress?
  ) {
    self.model = model
    self.plans = plans
    self.arena = arena
    self.tracesRouting = tracesRouting
    cancellation = Cancellation(progress: progress)
    demand = ExpertDemand(cancellation: cancellation)
  }

  /// `progress` is asked between operators, on the thread of the call, whether to go on.
  public static func make(
    model: Model, tracesRouting: Bool = false, progress: Progress? = nil
  ) throws(RuntimeError) -> Session {
    Session(
      model: model, plans: try PlanCache.make(), arena: try Allocation.pages(size: 0),
      tracesRouting: tracesRouting, progress: progress)
  }

  /// The dims of an output for inputs of these dims, in the order of the graph's.
  public func outputShape(
    signature: Int, output: Int, inputs: UnsafeBufferPointer<Shape>
  ) throws(RuntimeError) -> Shape {
    try enter()
    defer { leave() }
    let signatureModel = try model.signature(signature)
    let plan = try plan(signature, signatureModel, try signatureModel.inputShapes(inputs))
    guard let value = signatureModel.graph.output(at: output), let shape = plan.values[value]?.shape else {
      throw .outputCount(found: output + 1, expected: signatureModel.graph.outputCount)
    }
    return shape
  }

  /// Evaluates a signature. Inputs and outputs are in the order of the graph's; the last input may be left
  /// out when it is `lengths`, which is then found from the token ids. Inputs of type i32 may be given as
  /// i64. Where an error is thrown the outputs are undefined.
  public func run(
    signature: Int, inputs: UnsafeBufferPointer<TensorView>, outputs: UnsafeBufferPointer<MutableTensorView>
  ) throws(RuntimeError) {
    try enter()
    defer { leave() }
    trace = nil
    let signatureModel = try model.signature(signature)
    try signatureModel.checkInputs(inputs)
    let shapes = try signatureModel.inputShapes(inputs)
    let plan = try plan(signature, signatureModel, shapes)
    try signatureModel.checkOutputs(outputs, plan)
    defer {
      arena.discard(from: Session.keptArena, to: arena.size)
      counters.arenaBytes = min(arena.size, Session.keptArena)
      counters.experts = demand.counters
    }
    if arena.size < plan.arenaSize {
      arena = try Allocation.pages(size: 0)
      arena = try Allocation.pages(size: plan.arenaSize)
      counters.peakArenaBytes = max(counters.peakArenaBytes, arena.size)
    }
    let trace = tracesRouting ? try RoutingTrace.make(signatureModel, plan) : nil
    try model.engine.pool.start()
    try signatureModel.load(model.weights, cancellation)
    let run = Run(
      signature: signatureModel, plan: plan, engine: model.engine, weights: model.weights, store: model.store,
      demand: demand, arena: arena.start, outputs: outputs, trace: trace,
      inputs: try Allocation.table(capacity: inputs.count + 1))
    try run.run(inputs)
    try Allocation.check()
    self.trace = trace
    counters.calls += 1
    counters.routedTokens &+= plan.routedTokens
  }

  /// Arena that stays in memory between calls, in bytes; what a large batch took beyond it goes back to the
  /// system.
  private static let keptArena = 64 << 20

  /// While `cancelled`, calls end with an error, the one under way among them, as soon as they see it.
  public func setCancelled(_ cancelled: Bool) { cancellation.set(cancelled) }
  public var isCancelled: Bool { cancellation.isRaised }

  /// Gives back what is held between calls: plans, memory between operators, the trace, and also the experts
  /// that the model holds under a budget.
  public func trim() throws(RuntimeError) {
    try enter()
    defer { leave() }
    plans.clear()
    trace = nil
    counters.heldPlans = plans.count
    model.store.trim()
    arena = try Allocation.pages(size: 0)
    counters.arenaBytes = 0
  }

  private func plan(
    _ index: Int, _ signature: SignatureModel, _ shapes: consuming Table<Shape>
  ) throws(RuntimeError) -> Plan {
    if let plan = plans.find(index, shapes) { return plan }
    let plan = try PlanBuilder.build(signature, inputs: shapes, threads: model.threads)
    plans.add(index, plan)
    counters.plans += 1
    counters.heldPlans = plans.count
    return plan
  }

  private func enter() throws(RuntimeError) {
    guard isBusy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
      throw .sessionBusy
    }
  }
  private func leave() { isBusy.store(false, ordering: .releasing) }
}
