internal import Synchronization

/// What may end a call before its time: a flag that another thread raises, and the host's answer to the news of
/// how far the call is.
final class Cancellation: Sendable {
  private let isRaised = Atomic<Bool>(false)
  private let progress: Progress?

  init(progress: Progress?) { self.progress = progress }

  func raise() { isRaised.store(true, ordering: .relaxed) }
  func lower() { isRaised.store(false, ordering: .relaxed) }

  /// Looks at the flag. For all places where a call may end, such as between waves of experts.
  func check() throws(RuntimeError) { if isRaised.load(ordering: .relaxed) { throw .cancelled } }

  /// Looks at the flag and asks the host, after `done` of `total` operators. Only between operators, where the call
  /// holds no expert and no thread: the host may use the model from here.
  func check(_ done: Int, of total: Int) throws(RuntimeError) {
    try check()
    if let progress, !progress(done, total) { throw .cancelled }
  }
}

/// Hears how many operators of a call are done. Answers whether to go on.
public typealias Progress = @Sendable (_ done: Int, _ total: Int) -> Bool
