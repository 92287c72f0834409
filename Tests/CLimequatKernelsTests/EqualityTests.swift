import CKernelComparison
import CLimequatKernels
import Testing

/// Every table that runs on this processor equals `generic`, bit for bit, on awkward sizes and values.
@Suite struct EqualityTests {
  static let comparisons: [String] = {
    var names: [String] = []
    while let name = kernel_comparison_name(names.count) { names.append(String(cString: name)) }
    return names
  }()

  @Test(arguments: Table.fast, Array(comparisons.indices)) func equalsGeneric(table: Table, index: Int) {
    for seed in UInt32(0)..<150 {
      var message = [CChar](repeating: 0, count: 256)
      let equal = kernel_comparison_run(index, table.name, seed, &message, message.count)
      let text = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      #expect(equal, "\(Self.comparisons[index]), seed \(seed): \(String(decoding: text, as: UTF8.self))")
    }
  }

  /// The bits are those of every other processor: Tests/kernels-aarch64.sh checks the same digest.
  @Test func genericGivesTheBitsItAlwaysGave() {
    var digest: UInt64 = 0
    var message = [CChar](repeating: 0, count: 256)
    for index in Self.comparisons.indices {
      for seed in UInt32(0)..<100 {
        _ = kernel_comparison_run(index, "generic", seed, &message, message.count)
        digest ^= kernel_comparison_digest()
      }
    }
    #expect(digest == KERNEL_COMPARISON_DIGEST)
  }

  @Test func namesLeadToTables() {
    #expect(Table.all.last?.name == "generic")
    #expect(lmq_kernels_find(nil) == lmq_kernels_find(Table.all[0].name))
    #expect(lmq_kernels_find("no such table") == nil)
    for table in Table.all { #expect(String(cString: table.functions.name) == table.name) }
  }
}
