package import LimequatBytes
internal import LimequatContainer
internal import LimequatGraph
package import LimequatRuntime
internal import Synchronization

/// Runs a model for one thread at a time. A second thread that comes meanwhile is refused with
/// ``LimequatError/Code/busy``; only ``setCancelled(_:)`` may be called by any thread at any time.
///
/// Holds the memory between operators, which grows to what the calls need.
public final class Session: @unchecked Sendable {
  public let model: Model
  let runtime: LimequatRuntime.Session
  let options: Options
  private let isBusy = Atomic<Bool>(false)
  private let isCancelled = Atomic<Bool>(false)

  /// How long batches are cut, so that memory stays bounded. Models whose results depend on the whole batch
  /// (a finite expert capacity) are not cut.
  public struct Options: Sendable {
    /// 0: 8.
    public var imagesAtOnce: Int
    /// 0: 32.
    public var textsAtOnce: Int
    /// Keep who was routed where in the last call of the runtime.
    package var tracesRouting = false

    public init(imagesAtOnce: Int = 0, textsAtOnce: Int = 0) {
      self.imagesAtOnce = imagesAtOnce
      self.textsAtOnce = textsAtOnce
    }
  }

  private init(model: Model, runtime: LimequatRuntime.Session, options: Options) {
    self.model = model
    self.runtime = runtime
    self.options = options
  }

  static func make(model: Model, options: Options) throws(LimequatError) -> Session {
    guard options.imagesAtOnce >= 0 else {
      throw LimequatError(.argument, "imagesAtOnce is \(options.imagesAtOnce), expected 0 or more")
    }
    guard options.textsAtOnce >= 0 else {
      throw LimequatError(.argument, "textsAtOnce is \(options.textsAtOnce), expected 0 or more")
    }
    do throws(RuntimeError) {
      let runtime = try LimequatRuntime.Session.make(
        model: model.runtime, tracesRouting: options.tracesRouting)
      return Session(model: model, runtime: runtime, options: options)
    } catch { throw LimequatError(error) }
  }

  /// While `cancelled`, calls that compute, the one under way among them, fail with
  /// ``LimequatError/Code/cancelled`` as soon as they see it. The corresponding C function is
  /// `lmq_session_cancel`.
  public func setCancelled(_ cancelled: Bool) {
    isCancelled.store(cancelled, ordering: .relaxed)
    if cancelled { runtime.cancel() }
  }

  /// Who was routed where in the last call of the runtime; nil unless the options asked for it.
  package var routing: RoutingTrace? { runtime.trace }

  /// What the session did and holds.
  package var counters: SessionCounters { runtime.counters }

  func checkCancelled() throws(LimequatError) {
    if isCancelled.load(ordering: .relaxed) { throw LimequatError(.cancelled, "the session is cancelled") }
  }

  /// First in each call that computes; ``leave()`` is last.
  func enter() throws(LimequatError) {
    try checkCancelled()
    guard isBusy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
      throw LimequatError(.busy, "the session is in use by another thread")
    }
  }

  func leave() { isBusy.store(false, ordering: .releasing) }

  /// One call of the runtime. Looks at cancelling afterwards too: the runtime forgets what came before its call.
  func run(
    _ signature: Int, _ inputs: UnsafeBufferPointer<TensorView>,
    _ outputs: UnsafeBufferPointer<MutableTensorView>
  ) throws(LimequatError) {
    do throws(RuntimeError) {
      try runtime.run(signature: signature, inputs: inputs, outputs: outputs)
    } catch { throw LimequatError(error) }
    try checkCancelled()
  }

  /// Items of a batch of `count` that one call of the runtime takes.
  func pieceSize(_ facts: SignatureFacts, count: Int, atOnce: Int) -> Int {
    facts.dependsOnBatch ? count : min(count, atOnce)
  }
}

extension Model {
  /// Whether an item's result of this signature depends on the others of its batch, so that batches must not be
  /// cut: see ``Session/Options``.
  package func dependsOnBatch(_ signature: Name) -> Bool {
    signatureIndex(signature).flatMap { self.signature(at: $0)?.dependsOnBatch } ?? false
  }
}

extension SignatureFacts {
  /// Whether the vector of an item depends on the others of its batch: experts of finite capacity, whose groups
  /// go beyond an item.
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
