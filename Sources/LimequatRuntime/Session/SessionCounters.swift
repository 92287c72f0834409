/// What a session has done and holds.
public struct SessionCounters: Sendable, Equatable {
  /// Calls that were answered.
  public var calls = 0
  /// Plans made; the others were found.
  public var plans = 0
  /// Memory held for values between operators, in bytes.
  public var arenaBytes = 0
  /// What its calls took of experts.
  public var experts = ExpertCounters()
}
