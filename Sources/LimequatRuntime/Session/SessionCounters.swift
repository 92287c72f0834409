/// What a session has done and holds.
public struct SessionCounters: Sendable, Equatable {
  /// Calls that were answered.
  public var calls = 0
  /// Tokens that SparseMoE nodes routed in those calls, counted for each node.
  public var routedTokens = 0
  /// Plans made; the others were found.
  public var plans = 0
  /// Plans held for later calls.
  public var heldPlans = 0
  /// Memory held for values between operators, in bytes, and the most that was ever held.
  public var arenaBytes = 0
  public var peakArenaBytes = 0
  /// What its calls took of experts.
  public var experts = ExpertCounters()
}
