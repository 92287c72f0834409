import LimequatGraph
import Testing

/// The table of formats/graph.md, made by V-MoE's own code.
@Test(arguments: [
  (400, 2, 8, 1.05, 108), (400, 2, 8, 4.0, 400), (1160, 2, 8, 1.5, 436), (1576, 2, 8, 1.05, 416),
  (4616, 2, 8, 1.5, 1732), (50, 2, 8, 4.0, 52), (197, 2, 8, 1.5, 76), (196, 1, 32, 1.0, 8),
  (16, 1, 32, 1.0, 4),
])
func capacities(size: Int, k: Int, experts: Int, factor: Double, capacity: Int) throws {
  let attributes = SparseMoEAttributes(
    k: k, activation: .gelu, capacityFactor: factor, capacityMultiple: 4, group: .call)
  #expect(try attributes.capacity(groupSize: size, experts: experts) == capacity)
  let grouping = try attributes.grouping(tokens: size, sequence: size, experts: experts)
  #expect(grouping == Grouping(groupSize: size, capacity: capacity < size ? capacity : nil))
}

@Test func halvesRoundToEven() throws {
  var attributes = SparseMoEAttributes(k: 1, activation: .relu, capacityFactor: 1, capacityRounding: .round)
  #expect(try attributes.capacity(groupSize: 5, experts: 2) == 2)
  #expect(try attributes.capacity(groupSize: 7, experts: 2) == 4)
  attributes.capacityRounding = .ceil
  #expect(try attributes.capacity(groupSize: 5, experts: 2) == 3)
}

@Test func lessThanOneSlotIsRefused() {
  let attributes = SparseMoEAttributes(
    k: 1, activation: .relu, capacityFactor: 1, capacityRounding: .round, capacityMultiple: 4)
  #expect(throws: GroupingError.capacityBelowOne(groupSize: 4)) {
    try attributes.grouping(tokens: 4, sequence: 4, experts: 8)
  }
}

@Test func groupsMustDivideTheTokensOnlyWhenSomethingCanDrop() throws {
  var attributes = SparseMoEAttributes(k: 1, activation: .relu, capacityFactor: 1, group: .tokens(6))
  #expect(try attributes.grouping(tokens: 12, sequence: 4, experts: 2) == Grouping(groupSize: 6, capacity: 3))
  #expect(throws: GroupingError.indivisible(tokens: 13, groupSize: 6)) {
    try attributes.grouping(tokens: 13, sequence: 13, experts: 2)
  }
  attributes.capacityFactor = 2
  #expect(
    try attributes.grouping(tokens: 13, sequence: 13, experts: 2) == Grouping(groupSize: 13, capacity: nil))
  attributes.capacityFactor = 0
  #expect(try attributes.grouping(tokens: 13, sequence: 13, experts: 2).capacity == nil)
  attributes.group = .sequence
  attributes.capacityFactor = 0.5
  #expect(try attributes.grouping(tokens: 12, sequence: 4, experts: 2) == Grouping(groupSize: 4, capacity: 1))
}

@Test func hugeFactorsAreNoLimit() throws {
  let attributes = SparseMoEAttributes(k: 1, activation: .relu, capacityFactor: 1e300)
  #expect(try attributes.grouping(tokens: 12, sequence: 4, experts: 2).capacity == nil)
}
