internal import CLimequatKernels
internal import CLimequatPlatform
internal import LimequatBytes
internal import Synchronization

/// What the threads of a pool share. They hold it unretained: the pool joins them before it lets go.
///
/// A piece of work is open from `share` to its end. A thread that comes while it is open enters (`inside`),
/// takes indices until none is left, and leaves; the caller closes the work and waits for those inside. A
/// thread that wakes too late finds it closed and has delayed nobody.
final class Crew: @unchecked Sendable {
  typealias Body = (_ index: Int, _ worker: Int) -> Void

  private let monitor: Buffer
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let wake: UnsafeMutablePointer<pthread_cond_t>
  private let done: UnsafeMutablePointer<pthread_cond_t>

  /// Changes with each piece of work, and when the crew stops.
  private let generation = Atomic<UInt>(0)
  private let next = Atomic<Int>(0)
  private let inside = Atomic<Int>(0)
  private let workers = Atomic<Int>(0)

  // Guarded by `mutex`.
  private var body: UnsafePointer<Body>?
  private var count = 0
  private var sleeping = 0
  private var isStopped = false

  /// How often a thread looks for new work before it sleeps: some tens of microseconds, the time between
  /// two operators. Waking a sleeper takes as long.
  private static let patience = 2000

  private init(monitor: consuming Buffer) {
    mutex = monitor.start.bindMemory(to: pthread_mutex_t.self, capacity: 1)
    wake = (monitor.start + 128).bindMemory(to: pthread_cond_t.self, capacity: 1)
    done = (monitor.start + 256).bindMemory(to: pthread_cond_t.self, capacity: 1)
    self.monitor = monitor
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(wake, nil)
    pthread_cond_init(done, nil)
  }

  static func make() throws(RuntimeError) -> Crew { Crew(monitor: try Allocation.buffer(size: 384)) }

  /// Does the work together with the threads that come. One caller at a time.
  func share(_ count: Int, _ body: UnsafePointer<Body>) {
    next.store(0, ordering: .relaxed)
    pthread_mutex_lock(mutex)
    self.body = body
    self.count = count
    generation.add(1, ordering: .releasing)
    if sleeping > 0 { pthread_cond_broadcast(wake) }
    pthread_mutex_unlock(mutex)

    work(count, body.pointee, worker: 0)

    var patience = Crew.patience
    while inside.load(ordering: .acquiring) > 0, patience > 0 {
      lmq_pause()
      patience -= 1
    }
    pthread_mutex_lock(mutex)
    self.body = nil
    while inside.load(ordering: .relaxed) > 0 { pthread_cond_wait(done, mutex) }
    pthread_mutex_unlock(mutex)
  }

  private func work(_ count: Int, _ body: Body, worker: Int) {
    while true {
      let index = next.add(1, ordering: .relaxed).oldValue
      guard index < count else { return }
      body(index, worker)
    }
  }

  /// The life of a thread.
  private func serve() {
    let worker = workers.add(1, ordering: .relaxed).newValue
    let state = lmq_kernels_enter()
    var seen: UInt = 0
    while true {
      var patience = Crew.patience
      while generation.load(ordering: .relaxed) == seen, patience > 0 {
        lmq_pause()
        patience -= 1
      }
      pthread_mutex_lock(mutex)
      while generation.load(ordering: .relaxed) == seen {
        sleeping += 1
        pthread_cond_wait(wake, mutex)
        sleeping -= 1
      }
      seen = generation.load(ordering: .relaxed)
      let isStopped = isStopped
      let (body, count) = (body, count)
      if body != nil { inside.add(1, ordering: .relaxed) }
      pthread_mutex_unlock(mutex)
      if isStopped { break }
      guard let body else { continue }
      work(count, body.pointee, worker: worker)
      pthread_mutex_lock(mutex)
      if inside.subtract(1, ordering: .releasing).newValue == 0 { pthread_cond_signal(done) }
      pthread_mutex_unlock(mutex)
    }
    lmq_kernels_leave(state)
  }

  /// The body of a thread.
  static let body: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { raw in
    if let raw { Unmanaged<Crew>.fromOpaque(raw).takeUnretainedValue().serve() }
    return nil
  }

  /// Ends the threads; they are joined by the pool.
  func stop() {
    pthread_mutex_lock(mutex)
    isStopped = true
    generation.add(1, ordering: .releasing)
    pthread_cond_broadcast(wake)
    pthread_mutex_unlock(mutex)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    pthread_cond_destroy(wake)
    pthread_cond_destroy(done)
  }
}
