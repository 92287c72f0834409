internal import CLimequatPlatform
internal import LimequatBytes
internal import LimequatContainer
internal import Synchronization

/// Experts are read into memory: into as much as a budget allows, or all of them for good. While a call
/// computes with what is there, a thread reads what the call wants next.
final class ReadExperts: ExpertStore, @unchecked Sendable {
  /// The thread holds it unretained: it is joined before this object lets go.
  private let cache: ExpertCache
  private let isStarted = Atomic<Bool>(false)
  private let isRefused = Atomic<Bool>(false)
  private var thread: pthread_t?
  private let origin = ProcessOfOrigin()
  private let readsAhead: Bool
  private let logger: Logger?

  private init(cache: ExpertCache, readsAhead: Bool, logger: Logger?) {
    self.cache = cache
    self.readsAhead = readsAhead
    self.logger = logger
  }

  /// `budget` in bytes; nil: blocks stay in memory once they were read. `readsAhead`: a thread may be started
  /// for it.
  static func make(
    _ container: Container, _ numbering: consuming ExpertNumbering, budget: Int?, verifies: Bool,
    readsAhead: Bool, logger: Logger?
  ) throws(RuntimeError) -> ReadExperts {
    ReadExperts(
      cache: try ExpertCache.make(container, numbering, budget: budget, verifies: verifies),
      readsAhead: readsAhead, logger: logger)
  }

  override func begin(_ demand: ExpertDemand) throws(RuntimeError) {
    guard try cache.begin(demand) else { return }
    if readsAhead { startThread() }
    if !readsAhead || isRefused.load(ordering: .relaxed) { cache.expectReads(for: demand) }
  }

  override func acquire(
    _ demand: ExpertDemand, into held: UnsafeMutablePointer<HeldExpert>
  ) throws(RuntimeError) -> UnsafeBufferPointer<Int32> { try cache.acquire(demand, into: held) }

  override func release(_ demand: ExpertDemand, _ experts: UnsafeBufferPointer<Int32>) {
    cache.release(demand, experts)
  }
  override func end(_ demand: ExpertDemand) {
    guard cache.end(demand) else { return }
    logger?(.warning, "the system refuses to lock experts in memory: it may swap them out")
  }
  override func trim() { cache.trim() }
  override func count(_ counters: inout ModelCounters) { cache.count(&counters) }

  /// A thread that the system refuses is no error: then calls read all they want themselves.
  private func startThread() {
    guard isStarted.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged else {
      return
    }
    var handle = pthread_t()
    let failure = lmq_thread_start(&handle, ExpertCache.body, Unmanaged.passUnretained(cache).toOpaque())
    guard failure == 0 else {
      isRefused.store(true, ordering: .relaxed)
      logger?(
        .warning, "\(BytesError.system(call: .thread, errno: failure)): experts are not read ahead")
      return
    }
    thread = handle
  }

  deinit {
    guard origin.isHere else {
      // The thread is not here to be joined: what it waits with is left as it is.
      _ = Unmanaged.passRetained(cache)
      return
    }
    cache.stop()
    if let thread { pthread_join(thread, nil) }
  }
}
