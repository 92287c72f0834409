internal import Synchronization

/// What may end a call before its time: a flag that another thread raises, and the host's answer to the news
/// of how far the call is.
final class Cancellation: Sendable {
  private let flag = Atomic<Bool>(false)
  /// Is told how many operators are done, and asked whether to go on. Only between operators, where the call
  /// holds no expert and no thread: the host may use the model from here.
  let progress: Progress?

  init(progress: Progress?) { self.progress = progress }

  var isRaised: Bool { flag.load(ordering: .relaxed) }
  func set(_ raised: Bool) { flag.store(raised, ordering: .relaxed) }

  /// Looks at the flag. For all places where a call may end, such as between waves of experts.
  func check() throws(RuntimeError) { if isRaised { throw .cancelled } }
}

/// Hears how many operators of a call are done. Answers whether to go on.
public typealias Progress = @Sendable (_ done: Int, _ total: Int) -> Bool
