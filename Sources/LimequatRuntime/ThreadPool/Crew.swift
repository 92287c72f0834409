internal import CLimequatKernels
internal import CLimequatPlatform
internal import LimequatBytes
internal import Synchronization

/// What the threads of a pool share. They hold it unretained: the pool joins them before it lets go.
///
/// A piece of work is open from `share` to its end. A thread that comes while it is open enters, takes
/// indices until none is left, and leaves; the caller closes the work and waits for those inside. A thread
/// that wakes too late finds it closed and has delayed nobody. The lock is for sleeping alone: threads that
/// find work in time would otherwise meet at it, and put each other to sleep.
///
/// Each thread begins with a part of the indices of its own, in their order, since what neighbours read lies
/// side by side; then it helps the others.
final class Crew: @unchecked Sendable {
  typealias Body = (_ index: Int, _ worker: Int) -> Void

  private let monitor: Buffer
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let wake: UnsafeMutablePointer<pthread_cond_t>
  private let done: UnsafeMutablePointer<pthread_cond_t>

  /// The latest piece of work: its number, whether it is open, and how many threads are inside.
  private struct Work {
    var bits: UInt
    static let open: UInt = 1 << 16, number: UInt = 1 << 17
    var isOpen: Bool { bits & Work.open != 0 }
    var inside: UInt { bits & (Work.open - 1) }
    var number: UInt { bits / Work.number }
  }
  private let latest = Atomic<UInt>(0)
  private let workers = Atomic<Int>(0)
  private let sleeping = Atomic<Int>(0)
  private let callerSleeps = Atomic<Bool>(false)
  private let isStopped = Atomic<Bool>(false)

  /// The next index of a thread's part, which fills a cache line.
  private struct NextIndex: ~Copyable {
    let value = Atomic<Int>(0)
    private let rest: (Int, Int, Int, Int, Int, Int, Int) = (0, 0, 0, 0, 0, 0, 0)
  }
  /// The caller among them.
  let threads: Int
  private let next: UnsafeMutablePointer<NextIndex>

  /// Set while nobody is inside, before the work is opened; read inside.
  private var body: UnsafePointer<Body>?
  private var count = 0

  /// How often a thread looks for what it waits for before it sleeps: a hundred microseconds or more. Most
  /// times between two operators are shorter, and waking a sleeper takes as long. Soon it lets others run
  /// between two looks, since they may be whom it waits for, where there are more threads than processors.
  private static let looks = 1000, quickLooks = 500

  private init(threads: Int, monitor: consuming Buffer) {
    self.threads = threads
    mutex = monitor.start.bindMemory(to: pthread_mutex_t.self, capacity: 1)
    wake = (monitor.start + 128).bindMemory(to: pthread_cond_t.self, capacity: 1)
    done = (monitor.start + 256).bindMemory(to: pthread_cond_t.self, capacity: 1)
    next = (monitor.start + 384).bindMemory(to: NextIndex.self, capacity: threads)
    for thread in 0..<threads { (next + thread).initialize(to: NextIndex()) }
    self.monitor = monitor
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(wake, nil)
    pthread_cond_init(done, nil)
  }

  static func make(threads: Int) throws(RuntimeError) -> Crew {
    let size = 384 + threads * MemoryLayout<NextIndex>.stride
    return Crew(threads: threads, monitor: try Allocation.buffer(size: size))
  }

  /// Does the work together with the threads that come. One caller at a time.
  func share(_ count: Int, _ body: UnsafePointer<Body>) {
    let parts = parts(of: count)
    for part in 0..<parts { next[part].value.store(part * count / parts, ordering: .relaxed) }
    (self.body, self.count) = (body, count)
    announce(Work.open)

    work(count, body.pointee, worker: 0)

    latest.wrappingSubtract(Work.open, ordering: .relaxed)
    if !Crew.sees({ Work(bits: latest.load(ordering: .acquiring)).inside == 0 }) { sleepUntilAllLeft() }
  }

  /// Looks whether something has become so, as often as is worth it.
  private static func sees(_ isSo: () -> Bool) -> Bool {
    for look in 0..<looks {
      if isSo() { return true }
      if look < quickLooks { lmq_pause() } else { _ = sched_yield() }
    }
    return false
  }

  /// Begins the next piece of work, and wakes those who sleep. Whoever is about to sleep has said so before
  /// it looks for the last time, all in one order with this: either it sees the work, or it is seen here.
  private func announce(_ state: UInt) {
    let number = Work(bits: latest.load(ordering: .relaxed)).number &+ 1
    latest.store(number &* Work.number | state, ordering: .sequentiallyConsistent)
    guard sleeping.load(ordering: .sequentiallyConsistent) > 0 else { return }
    pthread_mutex_lock(mutex)
    pthread_cond_broadcast(wake)
    pthread_mutex_unlock(mutex)
  }

  private func sleepUntilAllLeft() {
    pthread_mutex_lock(mutex)
    callerSleeps.store(true, ordering: .sequentiallyConsistent)
    while Work(bits: latest.load(ordering: .sequentiallyConsistent)).inside > 0 {
      pthread_cond_wait(done, mutex)
    }
    callerSleeps.store(false, ordering: .relaxed)
    pthread_mutex_unlock(mutex)
  }

  private func parts(of count: Int) -> Int { min(threads, count) }

  private func work(_ count: Int, _ body: Body, worker: Int) {
    let parts = parts(of: count)
    for turn in 0..<parts {
      let part = (worker + turn) % parts
      let end = (part + 1) * count / parts
      while next[part].value.load(ordering: .relaxed) < end {
        let index = next[part].value.wrappingAdd(1, ordering: .relaxed).oldValue
        if index < end { body(index, worker) }
      }
    }
  }

  /// The life of a thread.
  private func serve() {
    let worker = workers.wrappingAdd(1, ordering: .relaxed).newValue
    let state = lmq_kernels_enter()
    var seen: UInt = 0
    while true {
      seen = numberAfter(seen)
      if isStopped.load(ordering: .relaxed) { break }
      guard enter(seen) else { continue }
      if let body { work(count, body.pointee, worker: worker) }
      leave()
    }
    lmq_kernels_leave(state)
  }

  /// Waits until a piece of work has another number.
  private func numberAfter(_ seen: UInt) -> UInt {
    var number = seen
    let sees = Crew.sees {
      number = Work(bits: latest.load(ordering: .acquiring)).number
      return number != seen
    }
    if sees { return number }
    pthread_mutex_lock(mutex)
    sleeping.wrappingAdd(1, ordering: .sequentiallyConsistent)
    while true {
      number = Work(bits: latest.load(ordering: .sequentiallyConsistent)).number
      if number != seen { break }
      pthread_cond_wait(wake, mutex)
    }
    sleeping.wrappingSubtract(1, ordering: .relaxed)
    pthread_mutex_unlock(mutex)
    return number
  }

  /// Whether the work of this number was still open.
  private func enter(_ number: UInt) -> Bool {
    var work = Work(bits: latest.load(ordering: .relaxed))
    while work.isOpen, work.number == number {
      let (entered, now) = latest.weakCompareExchange(
        expected: work.bits, desired: work.bits &+ 1, ordering: .acquiring)
      if entered { return true }
      work.bits = now
    }
    return false
  }

  private func leave() {
    let work = Work(bits: latest.wrappingSubtract(1, ordering: .sequentiallyConsistent).newValue)
    guard !work.isOpen, work.inside == 0, callerSleeps.load(ordering: .sequentiallyConsistent) else { return }
    pthread_mutex_lock(mutex)
    pthread_cond_signal(done)
    pthread_mutex_unlock(mutex)
  }

  /// The body of a thread.
  static let body: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { raw in
    if let raw { Unmanaged<Crew>.fromOpaque(raw).takeUnretainedValue().serve() }
    return nil
  }

  /// Ends the threads; they are joined by the pool.
  func stop() {
    isStopped.store(true, ordering: .relaxed)
    announce(0)
  }

  deinit {
    next.deinitialize(count: threads)
    pthread_mutex_destroy(mutex)
    pthread_cond_destroy(wake)
    pthread_cond_destroy(done)
  }
}
