internal import Synchronization

/// A flag that another thread may raise, looked at between operators and between waves of experts.
final class Cancellation: Sendable {
  private let isRaised = Atomic<Bool>(false)

  func raise() { isRaised.store(true, ordering: .relaxed) }
  func lower() { isRaised.store(false, ordering: .relaxed) }
  func check() throws(RuntimeError) { if isRaised.load(ordering: .relaxed) { throw .cancelled } }
}
