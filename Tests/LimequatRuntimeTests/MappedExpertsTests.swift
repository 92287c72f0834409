import LimequatContainer
import LimequatTestSupport
import Testing

@testable import LimequatRuntime

/// How many mapped experts a layer is given at a time.
@Suite struct MappedExpertsTests {
  /// Of the acquisitions of one visit of all experts of the first bank; each gives the next ones, in order.
  private func portions(_ model: Model, _ experts: Int) throws -> [Int] {
    let demand = ExpertDemand(cancellation: Cancellation(progress: nil))
    var wanted = (0..<experts).map { Int32($0) }
    var given: [Int32] = []
    var portions: [Int] = []
    try wanted.withUnsafeMutableBufferPointer { wanted in
      try withUnsafeTemporaryAllocation(of: HeldExpert.self, capacity: experts) { held in
        demand.want(wanted, of: 0)
        while !demand.wanted.isEmpty, portions.count < experts {
          let some = try model.store.acquire(demand, into: try #require(held.baseAddress))
          given += some
          portions.append(some.count)
        }
      }
    }
    #expect(given == Array(0..<Int32(experts)))
    return portions
  }

  /// Those that were not yet compared with their checksums come by as many as there are threads; afterwards,
  /// or where none are compared, all come together.
  @Test(arguments: [1, 2, 3]) func unseenExpertsComeByThreads(_ threads: Int) throws {
    let fixture = try #require(HoldingTests.fixtures.first { $0.name == "limoe-small" })
    let stored = try HoldingTests.Stored(fixture, .asConverted)
    let experts = try #require(try Container.open(path: stored.path).bank(at: 0)?.expertCount)
    try #require(experts > threads)
    let model = try stored.model(.mapped, threads: threads)
    let parts = (experts + threads - 1) / threads
    let last = experts - (parts - 1) * threads
    #expect(try portions(model, experts) == Array(repeating: threads, count: parts - 1) + [last])
    #expect(try portions(model, experts) == [experts])
    #expect(try portions(try stored.model(.mapped, threads: threads, verifies: false), experts) == [experts])
  }
}
