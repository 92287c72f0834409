/// The experts of one layer that a call wants. A session has one, and uses it again for each layer. Between
/// the store's `begin` and `end` all of it is guarded by the lock of the store.
final class ExpertDemand: @unchecked Sendable {
  private(set) var bank = 0
  /// Those that were not yet given to the session, ascending.
  private(set) var wanted = UnsafeMutableBufferPointer<Int32>(start: nil, count: 0)
  /// May end a call that waits.
  let cancellation: Cancellation
  /// Of all calls of the session.
  var counters = ExpertCounters()

  /// The demand that is served after this one.
  var next: ExpertDemand?
  /// Reads into slabs that somebody does for this demand.
  var readsUnderWay = 0
  /// A read of this demand failed.
  var failure: RuntimeError?

  init(cancellation: Cancellation) { self.cancellation = cancellation }

  /// `experts` ascend; they lie in memory of the session, whose order the store changes.
  func want(_ experts: UnsafeMutableBufferPointer<Int32>, of bank: Int) {
    self.bank = bank
    wanted = experts
    failure = nil
  }

  /// Takes the first `count` from what is wanted.
  func take(_ count: Int) -> UnsafeBufferPointer<Int32> {
    let taken = UnsafeBufferPointer(rebasing: wanted[..<count])
    wanted = UnsafeMutableBufferPointer(rebasing: wanted[count...])
    return taken
  }

  /// Wants no more.
  func abandon() { _ = take(wanted.count) }
}
