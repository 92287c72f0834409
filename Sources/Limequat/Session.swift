package import LimequatBytes
internal import LimequatContainer
internal import LimequatGraph
internal import LimequatRuntime
internal import Synchronization

/// Runs a model for one thread at a time. A second thread that comes meanwhile is refused with
/// ``LimequatError/Code/busy``; only ``setCancelled(_:)`` may be called by any thread at any time.
///
/// Holds the memory between operators, which grows to what the calls need.
public final class Session: @unchecked Sendable {
  public let model: Model
  let runtime: LimequatRuntime.Session
  let options: Options
  let progress: CallProgress?
  private let isBusy = Atomic<Bool>(false)
  private var mode: ArithmeticMode?  // of the thread that set `isBusy`

  /// How a session works. Long batches are cut into pieces, so that memory stays bounded; models whose
  /// results depend on the whole batch (a finite expert capacity) are not cut.
  public struct Options: Sendable {
    /// 0: 8.
    public var imagesAtOnce: Int
    /// 0: 32.
    public var textsAtOnce: Int
    /// Keep who was routed where: ``Session/readRouting()``.
    public var tracesRouting: Bool
    /// Hears how far calls are, and may end them.
    public var progress: Progress?

    public init(
      imagesAtOnce: Int = 0, textsAtOnce: Int = 0, tracesRouting: Bool = false, progress: Progress? = nil
    ) {
      self.imagesAtOnce = imagesAtOnce
      self.textsAtOnce = textsAtOnce
      self.tracesRouting = tracesRouting
      self.progress = progress
    }
  }

  private init(
    model: Model, runtime: LimequatRuntime.Session, options: Options, progress: CallProgress?
  ) {
    self.model = model
    self.runtime = runtime
    self.options = options
    self.progress = progress
  }

  static func make(model: Model, options: Options) throws(LimequatError) -> Session {
    guard options.imagesAtOnce >= 0 else {
      throw LimequatError(.argument, "imagesAtOnce is \(options.imagesAtOnce), expected 0 or more")
    }
    guard options.textsAtOnce >= 0 else {
      throw LimequatError(.argument, "textsAtOnce is \(options.textsAtOnce), expected 0 or more")
    }
    let progress = options.progress.map { CallProgress($0) }
    var steps: LimequatRuntime.Progress?
    if let progress { steps = { done, total in progress.step(done, of: total) } }
    do throws(RuntimeError) {
      try model.runtime.checkProcess()
      let runtime = try LimequatRuntime.Session.make(
        model: model.runtime, tracesRouting: options.tracesRouting, progress: steps)
      return Session(model: model, runtime: runtime, options: options, progress: progress)
    } catch { throw LimequatError(error) }
  }

  /// While `cancelled`, calls that compute, the one under way among them, fail with
  /// ``LimequatError/Code/cancelled`` as soon as they see it. The corresponding C function is
  /// `lmq_session_cancel`.
  public func setCancelled(_ cancelled: Bool) {
    runtime.setCancelled(cancelled)
  }

  func checkCancelled() throws(LimequatError) {
    if runtime.isCancelled { throw LimequatError(.cancelled, "the session is cancelled") }
  }

  /// First in each call that computes; ``leave()`` is last.
  func enter(items: Int = 0) throws(LimequatError) {
    try occupy()
    do throws(LimequatError) { try checkCancelled() } catch {
      leave()
      throw error
    }
    progress?.begin(items, mode)
  }

  /// First in each call; ``leave()`` is last. A child of fork() is told first: what was busy then stays so.
  func occupy() throws(LimequatError) {
    do throws(RuntimeError) { try model.runtime.checkProcess() } catch { throw LimequatError(error) }
    guard isBusy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
      throw LimequatError(.busy, "the session is in use by another thread")
    }
    mode = ArithmeticMode()
  }

  func leave() {
    mode?.end()
    isBusy.store(false, ordering: .releasing)
  }

  /// One call of the runtime, on `items` of the session's call.
  func run(
    _ signature: Int, _ inputs: UnsafeBufferPointer<TensorView>,
    _ outputs: UnsafeBufferPointer<MutableTensorView>, items: Int
  ) throws(LimequatError) {
    progress?.beginPiece(items)
    do throws(RuntimeError) {
      try runtime.run(signature: signature, inputs: inputs, outputs: outputs)
    } catch {
      let error = LimequatError(error)
      if error.code == .checksum { model.logger?(.error, error.message) }
      throw error
    }
  }

  /// Items of a batch of `count` that one call of the runtime takes.
  func pieceSize(_ facts: SignatureFacts, count: Int, atOnce: Int) -> Int {
    facts.dependsOnBatch ? count : min(count, atOnce)
  }
}

extension Model {
  /// Whether an item's result of this signature depends on the others of its batch, so that batches must not
  /// be cut: see ``Session/Options``.
  package func dependsOnBatch(_ signature: Name) -> Bool {
    let mode = ArithmeticMode()
    defer { mode.end() }
    return signatureIndex(signature).flatMap { self.signature(at: $0)?.dependsOnBatch } ?? false
  }
}

extension SignatureFacts {
  /// Whether the vector of an item depends on the others of its batch: experts of finite capacity, whose
  /// groups go beyond an item. In ``ArithmeticMode``.
  var dependsOnBatch: Bool {
    for index in 0..<graph.nodeCount {
      guard case .sparseMoE(let bank, let attributes)? = graph.node(at: index)?.op,
        attributes.capacityFactor != 0
      else { continue }
      switch attributes.group {
      case .sequence: continue
      case .call: return true
      case .tokens(let size):
        let experts = container.bankIndex(bank).flatMap { container.bank(at: $0)?.expertCount } ?? 0
        do throws(GroupingError) {
          // As many slots as tokens: nothing drops.
          if let capacity = try attributes.capacity(groupSize: size, experts: experts), capacity < size {
            return true
          }
        } catch { return true }
      }
    }
    return false
  }
}
