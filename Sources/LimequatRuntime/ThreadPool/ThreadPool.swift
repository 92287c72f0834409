internal import CLimequatPlatform
internal import LimequatBytes
internal import Synchronization

/// The threads of one model. The caller takes part in its own work, so `threads` counts it; one thread
/// starts none. Threads start at first use and are shared by all sessions of the model: a caller that finds
/// them at work for another session does its work alone, with the same result.
final class ThreadPool: @unchecked Sendable {
  /// At least 1, the caller among them.
  var threads: Int { crew.threads }
  let origin = ProcessOfOrigin()
  private let logger: Logger?
  private let crew: Crew
  private let isStarted = Atomic<Bool>(false)
  private let isTaken = Atomic<Bool>(false)
  /// Guarded by `isTaken`.
  private var handles: Table<pthread_t>

  /// More threads than this are never started.
  static let maximumThreads = 256

  private init(crew: Crew, handles: consuming Table<pthread_t>, logger: Logger?) {
    self.logger = logger
    self.crew = crew
    self.handles = handles
  }

  /// `threads` 0: as many as processors are open to this process.
  static func make(threads: Int, logger: Logger?) throws(RuntimeError) -> ThreadPool {
    let wanted = threads > 0 ? threads : Int(lmq_processor_count())
    let count = min(wanted, maximumThreads)
    let crew = try Crew.make(threads: count)
    return ThreadPool(crew: crew, handles: try Allocation.table(capacity: count), logger: logger)
  }

  /// Starts the threads, the first time. Before that ``run(_:_:)`` works alone. Those that the system refuses
  /// are done without: the work gets done by those that there are, with the same result.
  func start() throws(RuntimeError) {
    guard origin.isHere else { throw .forked }
    guard threads > 1, !isStarted.load(ordering: .acquiring) else { return }
    guard take() else { return }  // another caller is starting them
    defer { leave() }
    while handles.count < threads - 1 {
      var handle = pthread_t()
      let failure = lmq_thread_start(&handle, Crew.body, Unmanaged.passUnretained(crew).toOpaque())
      guard failure == 0 else {
        let refusal = BytesError.system(call: .thread, errno: failure)
        logger?(.warning, "\(refusal): \(handles.count + 1) threads of \(threads) run")
        break
      }
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
    guard origin.isHere else {
      // Its threads are not here to be joined, and what they left locked stays so: the crew is left as it is.
      _ = Unmanaged.passRetained(crew)
      return
    }
    crew.stop()
    handles.withElements { for handle in $0 { pthread_join(handle, nil) } }
  }
}
