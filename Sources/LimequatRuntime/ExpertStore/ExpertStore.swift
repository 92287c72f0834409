internal import LimequatBytes
internal import LimequatContainer
internal import LimequatTensor

/// An expert whose block is in memory, until it is released.
struct HeldExpert {
  /// The block, laid out as `ExpertBlock` says for the encoding.
  let start: UnsafeRawPointer
  let encoding: ElementType
}

/// How a model's experts come into memory. An operator asks for the experts that it is about to visit, in the
/// order of visiting, gets as many of them as can be held together, and gives them back.
class ExpertStore: @unchecked Sendable {
  /// Makes experts of a bank available: fills `held` for the first of `experts` and answers for how many, at
  /// least one. Those may be used until ``release(_:_:)``. May wait for reads.
  func acquire(
    _ bank: Int, _ experts: UnsafeBufferPointer<Int32>, into held: UnsafeMutablePointer<HeldExpert>
  ) throws(RuntimeError) -> Int {
    throw .cancelled
  }

  /// Gives back experts that an acquisition answered.
  func release(_ bank: Int, _ experts: UnsafeBufferPointer<Int32>) {}
}

/// All experts lie in the mapped file, where they are used in place.
final class MappedExperts: ExpertStore, @unchecked Sendable {
  private let container: Container

  init(container: Container) { self.container = container }

  override func acquire(
    _ bank: Int, _ experts: UnsafeBufferPointer<Int32>, into held: UnsafeMutablePointer<HeldExpert>
  ) throws(RuntimeError) -> Int {
    for (index, expert) in experts.enumerated() {
      guard let entry = container.expert(bank: bank, index: Int(expert)), let encoding = entry.encoding,
        let bytes = container.bytes(offset: entry.offset, size: entry.size), let start = bytes.baseAddress
      else { throw .absentExpert(bank: container.bank(at: bank)?.name.text ?? "", expert: Int(expert)) }
      held[index] = HeldExpert(start: start, encoding: encoding)
    }
    return experts.count
  }
}
