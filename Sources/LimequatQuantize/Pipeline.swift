internal import CLimequatPlatform
internal import Dispatch
internal import LimequatBytes
internal import Synchronization

/// Reads, computes and writes at the same time. The reader takes slots, fills them and submits jobs, workers
/// do them in any order, and what follows each job is done by the reader again, in the order of submission:
/// so the result does not depend on the number of workers.
final class Pipeline {
  typealias Finish = () throws(QuantizeError) -> Void

  private struct Pending {
    var slot: Slot?
    /// Whether a worker has it.
    var isJob: Bool
    var finish: Finish
  }

  private let workers: Workers
  private let slots: [Slot]
  private var free: [Slot]
  private var pending: [Pending] = []
  private let pendingLimit: Int

  /// `threads` at least 1. There are a few slots more than threads, so that reading and writing keep up.
  init(threads: Int) {
    workers = Workers(count: threads)
    slots = (0..<threads + 4).map { _ in Slot() }
    free = slots
    pendingLimit = 4 * (threads + 4)
  }

  deinit { workers.stop() }

  /// Forgets what is not finished, and lets the workers go. What was to follow may hold the pipeline's owner.
  func stop() {
    workers.stop()
    pending = []
  }

  /// A slot with room for `size` bytes of input; waits for the oldest job when all are taken.
  func slot(_ size: Int) throws(QuantizeError) -> Slot {
    while free.isEmpty { try finishOldest() }
    let slot = free.removeLast()
    _ = try memory { () throws(BytesError) in try slot.take(size) }
    return slot
  }

  /// Gives a job to the workers; `finish` follows. With no job, `finish` alone.
  func submit(_ slot: Slot, _ job: SlotJob?, finish: @escaping Finish) throws(QuantizeError) {
    if let job { workers.add(slot, job) }
    try append(Pending(slot: slot, isJob: job != nil, finish: finish))
  }

  /// What is to be done when all that was submitted before is done.
  func then(_ finish: @escaping Finish) throws(QuantizeError) {
    try append(Pending(slot: nil, isJob: false, finish: finish))
  }

  /// Bytes of all slots, when nothing is under way.
  var heldBytes: Int { slots.reduce(0) { $0 + $1.heldBytes } }

  func drain() throws(QuantizeError) {
    while !pending.isEmpty { try finishOldest() }
  }

  private func append(_ next: Pending) throws(QuantizeError) {
    while pending.count >= pendingLimit { try finishOldest() }
    pending.append(next)
  }

  private func finishOldest() throws(QuantizeError) {
    guard !pending.isEmpty else { return }
    let oldest = pending.removeFirst()  // there are few
    if oldest.isJob { oldest.slot?.done.wait() }
    try oldest.finish()
    if let slot = oldest.slot { free.append(slot) }
  }
}

/// Threads that take jobs from one queue. If the system refuses them all, who adds a job does it.
private final class Workers: Sendable {
  private struct Work: Sendable {
    let slot: Slot
    let job: SlotJob
  }

  private struct State: Sendable {
    var queue: [Work] = []
    var isStopped = false
    var threads = 0
  }

  private let state = Mutex(State())
  private let available = DispatchSemaphore(value: 0)

  init(count: Int) {
    for _ in 0..<count {
      var handle = pthread_t()
      let kept = Unmanaged.passRetained(self)
      guard lmq_thread_start(&handle, Workers.body, kept.toOpaque()) == 0 else {
        kept.release()
        break
      }
      pthread_detach(handle)
      state.withLock { $0.threads += 1 }
    }
  }

  /// Takes over the count of references that was made for the thread.
  private static let body: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = {
    if let workers = $0 { Unmanaged<Workers>.fromOpaque(workers).takeRetainedValue().run() }
    return nil
  }

  func add(_ slot: Slot, _ job: SlotJob) {
    let work = Work(slot: slot, job: job)
    let isTaken = state.withLock { state in
      guard state.threads > 0 else { return false }
      state.queue.append(work)
      return true
    }
    if isTaken { available.signal() } else { Workers.perform(work) }
  }

  /// Jobs that are under way are done; those that wait are dropped.
  func stop() {
    let threads = state.withLock { state in
      state.isStopped = true
      return state.threads
    }
    for _ in 0..<threads { available.signal() }
  }

  private func run() {
    while true {
      available.wait()
      let work = state.withLock { state -> Work? in
        state.isStopped || state.queue.isEmpty ? nil : state.queue.removeFirst()
      }
      guard let work else { return }
      Workers.perform(work)
    }
  }

  private static func perform(_ work: Work) {
    work.slot.perform(work.job)
    work.slot.done.signal()
  }
}
