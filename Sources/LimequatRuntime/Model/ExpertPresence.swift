internal import CLimequatKernels
internal import LimequatBytes
internal import LimequatContainer
internal import LimequatTensor

/// Which experts are in the file, and that kernels know how they are stored.
final class ExpertPresence: @unchecked Sendable {
  /// One byte for each expert, bank after bank; 1: it is there.
  private let flags: Table<UInt8>
  private let starts: Table<Int>
  private let counts: Table<Int>

  private init(flags: consuming Table<UInt8>, starts: consuming Table<Int>, counts: consuming Table<Int>) {
    self.flags = flags
    self.starts = starts
    self.counts = counts
  }

  static func make(_ container: Container) throws(RuntimeError) -> ExpertPresence {
    var total = 0
    // Each expert is a message of the manifest, so the sum fits.
    for bank in 0..<container.bankCount { total &+= container.bank(at: bank)?.expertCount ?? 0 }
    var flags = try Allocation.table(capacity: total) as Table<UInt8>
    var starts = try Allocation.table(capacity: container.bankCount) as Table<Int>
    var counts = try Allocation.table(capacity: container.bankCount) as Table<Int>
    for index in 0..<container.bankCount {
      try Allocation.check()
      guard let bank = container.bank(at: index) else { continue }
      starts.append(flags.count)
      var present = 0
      for expert in 0..<bank.expertCount {
        let encoding = bank.expert(at: expert)?.encoding
        if let encoding {
          guard encoding.isFloat else {
            throw .expertEncoding(bank: bank.name.text, expert: expert, found: encoding)
          }
          present += 1
        }
        flags.append(encoding == nil ? 0 : 1)
      }
      counts.append(present)
    }
    return ExpertPresence(flags: flags, starts: starts, counts: counts)
  }

  /// Experts of a bank that are there.
  func count(_ bank: Int) -> Int { counts[bank] ?? 0 }

  /// One byte for each expert of a bank, valid while this object lives; nil when all are there.
  func flags(_ bank: Int, of experts: Int) -> UnsafePointer<UInt8>? {
    guard count(bank) < experts, let start = starts[bank] else { return nil }
    return flags.withElements { $0.baseAddress.map { UnsafePointer($0 + start) } }
  }
}
