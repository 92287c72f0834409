internal import Synchronization

/// What may end a call before its time: a flag that another thread raises, and the host's answer to the news of
/// how far the call is. Looked at between operators and between waves of experts, on the thread of the call.
final class Cancellation: @unchecked Sendable {
  private let isRaised = Atomic<Bool>(false)

  // Used by the thread of the call.
  private let progress: Progress?
  private var done = 0
  private var total = 1

  init(progress: Progress?) { self.progress = progress }

  func raise() { isRaised.store(true, ordering: .relaxed) }
  func lower() { isRaised.store(false, ordering: .relaxed) }

  func check() throws(RuntimeError) {
    if isRaised.load(ordering: .relaxed) { throw .cancelled }
    if let progress, !progress(done, total) { throw .cancelled }
  }

  /// The same after `done` of `total` operators.
  func check(_ done: Int, of total: Int) throws(RuntimeError) {
    self.done = done
    self.total = total
    try check()
  }
}

/// Hears how many operators of a call are done. Answers whether to go on.
public typealias Progress = @Sendable (_ done: Int, _ total: Int) -> Bool
