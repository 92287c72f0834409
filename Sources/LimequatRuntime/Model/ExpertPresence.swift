internal import CLimequatKernels
internal import LimequatBytes
internal import LimequatContainer
internal import LimequatTensor

/// Which experts are in the file, and how they are stored.
final class ExpertPresence: @unchecked Sendable {
  /// One byte for each expert, bank after bank; 1: it is there.
  private let flags: Table<UInt8>
  private let starts: Table<Int>
  private let counts: Table<Int>
  private let haveInt8: Table<Bool>

  private init(
    flags: consuming Table<UInt8>, starts: consuming Table<Int>, counts: consuming Table<Int>,
    haveInt8: consuming Table<Bool>
  ) {
    self.flags = flags
    self.starts = starts
    self.counts = counts
    self.haveInt8 = haveInt8
  }

  static func make(_ container: Container) throws(RuntimeError) -> ExpertPresence {
    var total = 0
    // Each expert is a message of the manifest, so the sum fits.
    for bank in 0..<container.bankCount { total &+= container.bank(at: bank)?.expertCount ?? 0 }
    var flags = try Allocation.table(capacity: total) as Table<UInt8>
    var starts = try Allocation.table(capacity: container.bankCount) as Table<Int>
    var counts = try Allocation.table(capacity: container.bankCount) as Table<Int>
    var haveInt8 = try Allocation.table(capacity: container.bankCount) as Table<Bool>
    for index in 0..<container.bankCount {
      try Allocation.check()
      guard let bank = container.bank(at: index) else { continue }
      starts.append(flags.count)
      var present = 0
      var hasInt8 = false
      for expert in 0..<bank.expertCount {
        let encoding = bank.expert(at: expert)?.encoding
        if let encoding {
          guard encoding.isFloat || encoding == .int8 else {
            throw .expertEncoding(bank: bank.name.text, expert: expert, found: encoding)
          }
          present += 1
          if encoding == .int8 { hasInt8 = true }
        }
        flags.append(encoding == nil ? 0 : 1)
      }
      counts.append(present)
      haveInt8.append(hasInt8)
    }
    return ExpertPresence(flags: flags, starts: starts, counts: counts, haveInt8: haveInt8)
  }

  /// Experts of a bank that are there.
  func count(_ bank: Int) -> Int { counts[bank] ?? 0 }

  /// Some expert of a bank is int8.
  func hasInt8(_ bank: Int) -> Bool { haveInt8[bank] ?? false }

  /// One byte for each expert of a bank, valid while this object lives; nil when all are there.
  func flags(_ bank: Int, of experts: Int) -> UnsafePointer<UInt8>? {
    guard count(bank) < experts, let start = starts[bank] else { return nil }
    return flags.withElements { $0.baseAddress.map { UnsafePointer($0 + start) } }
  }
}
