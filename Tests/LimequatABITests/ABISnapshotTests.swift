import CLimequat
import Foundation
import LimequatTestSupport
import Testing

/// Programs are compiled against limequat.h once and run with later libraries: what is in the header stays.
struct ABISnapshotTests {
  /// Declarations as they were when LMQ_ABI_VERSION became what it is. New ones are added to the file; an old
  /// one that changes or goes needs a new LMQ_ABI_VERSION and a new soname. A struct that begins with
  /// struct_size may grow: then its old line is the beginning of the new one.
  @Test func declarationsAreThoseOfTheVersion() throws {
    let header = try HeaderText()
    let snapshot = try String(
      contentsOfFile: packageRoot + "/Tests/LimequatABITests/Fixtures/abi-\(header.abiVersion).txt",
      encoding: .utf8
    ).split(separator: "\n").map(String.init)
    let declared = Set(header.declarations)
    let known = Set(snapshot)
    for line in snapshot where !declared.contains(line) {
      Issue.record("changed without a new LMQ_ABI_VERSION: \(line)")
    }
    for line in header.declarations where !known.contains(line) {
      Issue.record("not yet in Fixtures/abi-\(header.abiVersion).txt: \(line)")
    }
  }

  /// The layout that the declarations have on a 64-bit machine.
  @Test func structsHaveTheirSizes() {
    #expect(MemoryLayout<lmq_error>.size == 512)
    #expect(MemoryLayout<lmq_error>.offset(of: \.system_error) == 4)
    #expect(MemoryLayout<lmq_options>.size == 56)
    #expect(MemoryLayout<lmq_options>.offset(of: \.threads) == 8)
    #expect(MemoryLayout<lmq_options>.offset(of: \.verify) == 12)
    #expect(MemoryLayout<lmq_options>.offset(of: \.memory_budget) == 16)
    #expect(MemoryLayout<lmq_options>.offset(of: \.kernels) == 24)
    #expect(MemoryLayout<lmq_options>.offset(of: \.logger) == 40)
    #expect(MemoryLayout<lmq_model_facts>.size == 80)
    #expect(MemoryLayout<lmq_model_facts>.offset(of: \.file_size) == 40)
    #expect(MemoryLayout<lmq_model_facts>.offset(of: \.threads) == 56)
    #expect(MemoryLayout<lmq_model_facts>.offset(of: \.logit_scale) == 64)
    #expect(MemoryLayout<lmq_model_facts>.offset(of: \.kernels) == 72)
    #expect(MemoryLayout<lmq_signature_facts>.size == 64)
    #expect(MemoryLayout<lmq_tensor_facts>.stride == 96)
    #expect(MemoryLayout<lmq_tensor_facts>.offset(of: \.dims) == 24)
    #expect(MemoryLayout<lmq_tensor_facts>.offset(of: \.is_optional) == 88)
    #expect(MemoryLayout<lmq_session_options>.size == 48)
    #expect(MemoryLayout<lmq_session_options>.offset(of: \.progress) == 24)
    #expect(MemoryLayout<lmq_session_options>.offset(of: \.trace_routing) == 40)
    #expect(MemoryLayout<lmq_routing>.size == 104)
    #expect(MemoryLayout<lmq_routing>.offset(of: \.experts) == 80)
    #expect(MemoryLayout<lmq_session_counters>.size == 88)
    #expect(MemoryLayout<lmq_model_counters>.size == 72)
    #expect(MemoryLayout<lmq_image>.size == 32)
    #expect(MemoryLayout<lmq_input>.size == 96)
    #expect(MemoryLayout<lmq_input>.offset(of: \.data) == 80)
    #expect(MemoryLayout<lmq_output>.size == 96)
    #expect(MemoryLayout<lmq_output>.offset(of: \.dims) == 32)
  }

  /// The C numbers and the Swift cases are the same, and each has a name.
  @Test func statusesHaveNames() throws {
    let header = try HeaderText()
    let status = try #require(header.declarations.first { $0.hasPrefix("typedef enum lmq_status") })
    let constants = status.matches(of: #/(LMQ_(?:OK|ERROR_[A-Z_]+)) = (\d+)/#)
    #expect(constants.count == 18)
    for match in constants {
      let number = try #require(UInt32(match.2))
      #expect(String(cString: lmq_status_name(lmq_status(rawValue: number))) == match.1)
    }
    #expect(String(cString: lmq_status_name(lmq_status(rawValue: 1))) == "LMQ_UNKNOWN")
  }

  @Test func versionsAreThoseOfTheHeader() {
    #expect(String(cString: lmq_version()) == LMQ_VERSION)
    #expect(lmq_abi_version() == UInt32(LMQ_ABI_VERSION))
  }
}
