import LimequatContainer
import LimequatTestSupport
import Testing

@testable import LimequatRuntime

/// What is known of mapped experts: nothing until a session tells their checksums.
@Suite struct MappedExpertsTests {
  private static func stored() throws -> HoldingTests.Stored {
    try HoldingTests.Stored(
      try #require(HoldingTests.fixtures.first { $0.name == "limoe-small" }), .asConverted)
  }

  /// Acquires all experts of the first bank at once, and answers what is to be checked of each.
  private func unchecked(_ model: Model) throws -> [Int] {
    let count = try #require(model.container.bank(at: 0)?.expertCount)
    let demand = ExpertDemand(cancellation: Cancellation(progress: nil))
    var wanted = (0..<count).map { Int32($0) }
    return try wanted.withUnsafeMutableBufferPointer { wanted in
      try withUnsafeTemporaryAllocation(of: HeldExpert.self, capacity: count) { held in
        demand.want(wanted, of: 0)
        let given = try model.store.acquire(demand, into: try #require(held.baseAddress))
        #expect(Array(given) == Array(0..<Int32(count)) && demand.wanted.isEmpty)
        return (0..<count).map { held[$0].uncheckedBytes }
      }
    }
  }

  @Test func expertsAreCheckedOnce() throws {
    let model = try Self.stored().model(.mapped)
    let demand = ExpertDemand(cancellation: Cancellation(progress: nil))
    demand.want(.init(start: nil, count: 0), of: 0)
    var expected = try unchecked(model)
    for index in 0..<expected.count {
      let entry = try #require(model.container.expert(bank: 0, index: index))
      #expect(expected[index] == entry.size)
      try model.store.settle(demand, index, checksum: entry.crc32c)
      expected[index] = 0
      #expect(try unchecked(model) == expected)
    }
  }

  @Test func damageStays() throws {
    let model = try Self.stored().model(.mapped)
    let demand = ExpertDemand(cancellation: Cancellation(progress: nil))
    demand.want(.init(start: nil, count: 0), of: 0)
    let entry = try #require(model.container.expert(bank: 0, index: 1))
    for checksum in [entry.crc32c ^ 1, entry.crc32c] {
      #expect(throws: RuntimeError.self) { try model.store.settle(demand, 1, checksum: checksum) }
      #expect(throws: RuntimeError.self) { try unchecked(model) }
    }
  }

  /// Whoever finds damage is told, also when another session found none before.
  @Test func damageIsToldToWhoFindsIt() throws {
    let model = try Self.stored().model(.mapped)
    let demand = ExpertDemand(cancellation: Cancellation(progress: nil))
    demand.want(.init(start: nil, count: 0), of: 0)
    let entry = try #require(model.container.expert(bank: 0, index: 1))
    try model.store.settle(demand, 1, checksum: entry.crc32c)
    #expect(throws: RuntimeError.self) { try model.store.settle(demand, 1, checksum: entry.crc32c ^ 1) }
    #expect(try unchecked(model)[1] == 0)
  }

  @Test func withoutVerificationNothingIsChecked() throws {
    #expect(try unchecked(Self.stored().model(.mapped, verifies: false)).allSatisfy { $0 == 0 })
  }
}
