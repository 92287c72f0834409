internal import LimequatBytes
internal import LimequatContainer

/// All experts lie in the mapped file, or in memory that the caller lent, where they are used in place. Each
/// block is compared with its checksum, which is made while it is first used.
final class MappedExperts: ExpertStore, @unchecked Sendable {
  private let container: Container
  private let numbering: ExpertNumbering
  private let states: PartStates
  private let verifies: Bool

  private init(
    container: Container, numbering: consuming ExpertNumbering, states: PartStates, verifies: Bool
  ) {
    self.container = container
    self.numbering = numbering
    self.states = states
    self.verifies = verifies
  }

  static func make(
    _ container: Container, _ numbering: consuming ExpertNumbering, verifies: Bool
  ) throws(RuntimeError) -> MappedExperts {
    let states = try PartStates.make(count: numbering.count)
    return MappedExperts(container: container, numbering: numbering, states: states, verifies: verifies)
  }

  override func acquire(
    _ demand: ExpertDemand, into held: UnsafeMutablePointer<HeldExpert>
  ) throws(RuntimeError) -> UnsafeBufferPointer<Int32> {
    let count = demand.wanted.count
    for index in 0..<count { held[index] = try hold(demand.bank, Int(demand.wanted[index])) }
    return demand.take(count)
  }

  private func hold(_ bank: Int, _ index: Int) throws(RuntimeError) -> HeldExpert {
    let number = numbering.first(of: bank) + index
    let state = states[number]
    if case .damaged(let checksum) = state { throw damage(bank, index, checksum) }
    guard let expert = container.expert(bank: bank, index: index), let encoding = expert.encoding,
      let start = container.bytes(offset: expert.offset, size: expert.size)?.baseAddress
    else { throw .absentExpert(bank: container.bank(at: bank)?.name.text ?? "", expert: index) }
    var held = HeldExpert(start: start, encoding: encoding, number: number)
    if verifies, case .unseen = state { held.uncheckedBytes = expert.size }
    return held
  }

  override func settle(_ demand: ExpertDemand, _ expert: Int, checksum: UInt32) throws(RuntimeError) {
    let held = try hold(demand.bank, expert)
    guard checksum == container.expert(bank: demand.bank, index: expert)?.crc32c else {
      // Also where another session has found it whole: this one has not.
      states.settle(held.number, .damaged(checksum))
      throw damage(demand.bank, expert, checksum)
    }
    states.settle(held.number, .ready(UnsafeMutableRawPointer(mutating: held.start)))
    _ = try hold(demand.bank, expert)
  }

  private func damage(_ bank: Int, _ expert: Int, _ checksum: UInt32) -> RuntimeError {
    .container(container.damagedExpert(bank: bank, expert, computed: checksum))
  }
}
