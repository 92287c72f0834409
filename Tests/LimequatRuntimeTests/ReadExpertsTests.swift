import LimequatContainer
import Testing

@testable import LimequatRuntime

/// Where experts lie that were read.
@Suite struct ReadExpertsTests {
  private func start(of expert: Int, in model: Model) throws -> (UnsafeRawPointer, size: Int) {
    let demand = ExpertDemand(cancellation: Cancellation(progress: nil))
    var wanted = [Int32(expert)]
    let start = try wanted.withUnsafeMutableBufferPointer { wanted in
      try withUnsafeTemporaryAllocation(of: HeldExpert.self, capacity: 1) { held in
        demand.want(wanted, of: 0)
        try model.store.begin(demand)
        defer { model.store.end(demand) }
        let held = try #require(held.baseAddress)
        model.store.release(demand, try model.store.acquire(demand, into: held))
        return held[0].start
      }
    }
    return (start, try #require(model.container.expert(bank: 0, index: expert)).size)
  }

  /// Without gaps, so that large pages hold nothing that was not read.
  @Test func residentExpertsLieInTheOrderInWhichTheyAreFirstUsed() throws {
    let fixture = try #require(HoldingTests.fixtures.first { $0.name == "limoe-small" })
    let model = try HoldingTests.Stored(fixture, .asConverted).model(.resident)
    let experts = try #require(model.container.bank(at: 0)?.expertCount)
    try #require(experts > 2)
    var starts: [Int: UnsafeRawPointer] = [:]
    var next: UnsafeRawPointer?
    for expert in (0..<experts).reversed() {
      let (start, size) = try start(of: expert, in: model)
      #expect(start == next ?? start)
      starts[expert] = start
      next = start + size
    }
    for (expert, start) in starts { #expect(try self.start(of: expert, in: model).0 == start) }
  }
}
