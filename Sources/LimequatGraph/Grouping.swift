/// How the tokens of a call are cut into groups, and how many each expert takes of a group.
public struct Grouping: Sendable, Equatable {
  /// Tokens of a group; divides the tokens of the call.
  public var groupSize: Int
  /// Slots of each expert in each group; nil: as many as there are tokens, so that none is dropped.
  public var capacity: Int?

  public init(groupSize: Int, capacity: Int?) {
    self.groupSize = groupSize
    self.capacity = capacity
  }
}

/// Why the tokens of a call cannot be grouped.
public enum GroupingError: Error, Equatable, Sendable {
  /// A group of this many tokens gives each expert less than one slot.
  case capacityBelowOne(groupSize: Int)
  /// The tokens of the call are no multiple of the group.
  case indivisible(tokens: Int, groupSize: Int)
}

extension SparseMoEAttributes {
  /// The grouping of a call with `tokens` tokens in items of `sequence` tokens each, among `experts`
  /// experts, absent ones included (formats/graph.md, section "Groups and capacity").
  public func grouping(tokens: Int, sequence: Int, experts: Int) throws(GroupingError) -> Grouping {
    let size: Int
    switch group {
    case .call: size = tokens
    case .sequence: size = sequence
    case .tokens(let count): size = count
    }
    let capacity = try capacity(groupSize: size, experts: experts)
    // Nothing can drop: groups make no difference then, whatever their size.
    guard let capacity, capacity < size else { return Grouping(groupSize: tokens, capacity: nil) }
    guard size > 0, tokens % size == 0 else { throw .indivisible(tokens: tokens, groupSize: size) }
    return Grouping(groupSize: size, capacity: capacity)
  }

  /// Slots of an expert in a group; nil: no limit that fits an Int, or none at all.
  public func capacity(groupSize: Int, experts: Int) throws(GroupingError) -> Int? {
    guard capacityFactor != 0, experts > 0 else { return nil }
    let share = Double(groupSize) * Double(k) * capacityFactor / Double(experts)
    let slots = share.rounded(capacityRounding == .ceil ? .up : .toNearestOrEven)
    guard slots >= 1 else { throw .capacityBelowOne(groupSize: groupSize) }
    guard slots < 9_007_199_254_740_992, capacityMultiple > 0 else { return nil }  // 2^53
    let (sum, overflow) = Int(slots).addingReportingOverflow(capacityMultiple - 1)
    return overflow ? nil : sum / capacityMultiple * capacityMultiple
  }
}
