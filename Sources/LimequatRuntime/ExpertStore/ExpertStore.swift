internal import LimequatTensor

/// An expert whose block is in memory, until it is released.
struct HeldExpert {
  /// The block, laid out as `ExpertBlock` says for the encoding.
  let start: UnsafeRawPointer
  let encoding: ElementType
  /// Its number among the experts of all banks (``ExpertNumbering``).
  let number: Int
  /// Bytes of a block that whoever uses it first checks meanwhile (``RunningChecksum``), and tells the store;
  /// 0: it is checked.
  var uncheckedBytes = 0
}

/// How a model's experts come into memory. A session announces the experts of a layer (``begin(_:)``), is
/// given them some at a time, in whatever order they come, gives them back, and says when it is done
/// (``end(_:)``), also when something failed.
class ExpertStore: @unchecked Sendable {
  /// What `demand` wants will be asked for.
  func begin(_ demand: ExpertDemand) throws(RuntimeError) {}

  /// Some of the experts that the demand still wants, at least one, ascending, and where they lie. Waits
  /// until there are any. They may be used until ``release(_:_:)``.
  func acquire(
    _ demand: ExpertDemand, into held: UnsafeMutablePointer<HeldExpert>
  ) throws(RuntimeError) -> UnsafeBufferPointer<Int32> {
    throw .cancelled
  }

  /// Settles whether an expert of the demand that was not checked is what the file says.
  func settle(_ demand: ExpertDemand, _ expert: Int, checksum: UInt32) throws(RuntimeError) {}

  /// Gives back experts that an acquisition answered.
  func release(_ demand: ExpertDemand, _ experts: UnsafeBufferPointer<Int32>) {}

  func end(_ demand: ExpertDemand) {}

  /// Gives back what is held for later calls.
  func trim() {}

  /// Adds what the store holds and did.
  func count(_ counters: inout ModelCounters) {}
}
