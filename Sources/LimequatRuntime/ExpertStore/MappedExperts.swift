internal import LimequatBytes
internal import LimequatContainer

/// All experts lie in the mapped file, or in memory that the caller lent, where they are used in place. Each
/// block is compared with its checksum when it is first used.
final class MappedExperts: ExpertStore, @unchecked Sendable {
  private let container: Container
  private let numbering: ExpertNumbering
  private let states: PartStates
  private let verifies: Bool
  private let pool: ThreadPool

  private init(
    container: Container, numbering: consuming ExpertNumbering, states: PartStates, verifies: Bool,
    pool: ThreadPool
  ) {
    self.container = container
    self.numbering = numbering
    self.states = states
    self.verifies = verifies
    self.pool = pool
  }

  static func make(
    _ container: Container, _ numbering: consuming ExpertNumbering, verifies: Bool, pool: ThreadPool
  ) throws(RuntimeError) -> MappedExperts {
    let states = try PartStates.make(count: numbering.count)
    return MappedExperts(
      container: container, numbering: numbering, states: states, verifies: verifies, pool: pool)
  }

  override func acquire(
    _ demand: ExpertDemand, into held: UnsafeMutablePointer<HeldExpert>
  ) throws(RuntimeError) -> UnsafeBufferPointer<Int32> {
    let first = numbering.first(of: demand.bank)
    let bank = demand.bank
    // No more unseen ones than there are threads: what was read for its checksum is then likely to be still
    // in the cache when it is multiplied.
    let most = verifies ? pool.threads : Int.max
    var (count, unseen) = (0, 0)
    for expert in demand.wanted {
      if case .unseen = states[first + Int(expert)] {
        if unseen == most { break }
        unseen += 1
      }
      count += 1
    }
    let wanted = demand.wanted[..<count]
    if unseen > 0 {
      let cancellation = demand.cancellation
      pool.run(count) { index, _ in
        if !cancellation.isRaised { look(bank, Int(wanted[index]), first) }
      }
      try cancellation.check()
    }
    for index in 0..<count {
      let expert = Int(wanted[index])
      switch states[first + expert] {
      case .ready(let start):
        guard let encoding = container.expert(bank: bank, index: expert)?.encoding else { fallthrough }
        held[index] = HeldExpert(start: UnsafeRawPointer(start), encoding: encoding, number: first + expert)
      case .unseen: throw .absentExpert(bank: container.bank(at: bank)?.name.text ?? "", expert: expert)
      case .damaged(let checksum):
        throw .container(container.damagedExpert(bank: bank, expert, computed: checksum))
      }
    }
    return demand.take(count)
  }

  /// Settles the state of a block that is in the file. On any thread of the pool.
  private func look(_ bank: Int, _ index: Int, _ first: Int) {
    guard case .unseen = states[first + index], let expert = container.expert(bank: bank, index: index),
      expert.encoding != nil, let bytes = container.bytes(offset: expert.offset, size: expert.size),
      let start = bytes.baseAddress
    else { return }
    let computed = verifies ? CRC32C.of(bytes) : expert.crc32c
    states.settle(
      first + index,
      computed == expert.crc32c ? .ready(UnsafeMutableRawPointer(mutating: start)) : .damaged(computed))
  }
}
