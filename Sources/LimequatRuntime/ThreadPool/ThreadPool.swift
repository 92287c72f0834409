internal import CLimequatPlatform
internal import LimequatBytes
internal import Synchronization

/// The threads of one model. The caller takes part in its own work, so `threads` counts it; one thread
/// starts none. Threads start at first use and are shared by all sessions of the model: a caller that finds
/// them at work for another session does its work alone, with the same result.
final class ThreadPool: @unchecked Sendable {
  /// At least 1, the caller among them.
  let threads: Int
  private let crew: Crew
  private let isStarted = Atomic<Bool>(false)
  private let isTaken = Atomic<Bool>(false)
  /// Guarded by `isTaken`.
  private var handles: Table<pthread_t>

  /// More threads than this are never started.
  static let maximumThreads = 256

  private init(threads: Int, crew: Crew, handles: consuming Table<pthread_t>) {
    self.threads = threads
    self.crew = crew
    self.handles = handles
  }

  /// `threads` 0: as many as processors are open to this process.
  static func make(threads: Int) throws(RuntimeError) -> ThreadPool {
    let wanted = threads > 0 ? threads : Int(lmq_processor_count())
    let count = min(wanted, maximumThreads)
    return ThreadPool(threads: count, crew: try Crew.make(), handles: try Allocation.table(capacity: count))
  }

  /// Starts the threads that are not yet running. To be called before ``run(_:_:)``.
  func start() throws(RuntimeError) {
    guard threads > 1, !isStarted.load(ordering: .acquiring) else { return }
    guard take() else { return }  // another caller is starting them
    defer { leave() }
    while handles.count < threads - 1 {
      var handle = pthread_t()
      let failure = lmq_thread_start(&handle, Crew.body, Unmanaged.passUnretained(crew).toOpaque())
      guard failure == 0 else { throw .bytes(.system(call: .thread, errno: failure)) }
      handles.append(handle)
    }
    isStarted.store(true, ordering: .releasing)
  }

  /// Calls `body(index, worker)` once for each index in `0..<count`, on several threads, and returns when all
  /// are done. `worker` is in `0..<threads`, and no two calls with the same worker run at the same time.
  /// The body allocates nothing and does not call the pool.
  func run(_ count: Int, _ body: (_ index: Int, _ worker: Int) -> Void) {
    guard count > 1, threads > 1, take() else {
      var index = 0
      while index < count {
        body(index, 0)
        index += 1
      }
      return
    }
    withoutActuallyEscaping(body) { body in
      withUnsafePointer(to: body) { crew.share(count, $0) }
    }
    leave()
  }

  private func take() -> Bool {
    isTaken.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
  }
  private func leave() { isTaken.store(false, ordering: .releasing) }

  deinit {
    crew.stop()
    handles.withElements { for handle in $0 { pthread_join(handle, nil) } }
  }
}
