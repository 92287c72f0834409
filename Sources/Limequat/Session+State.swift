internal import LimequatBytes
package import LimequatRuntime

/// What a session did and holds. Told between calls, also while the session is cancelled.
extension Session {
  /// Gives back to the system what is held between calls: plans, memory between operators, the routing of the
  /// last run, and the experts that the model holds under a budget while nobody uses them. The next call
  /// makes or reads them anew. The corresponding C function is `lmq_session_trim`.
  public func trim() throws(LimequatError) {
    try occupy()
    defer { leave() }
    do throws(RuntimeError) { try runtime.trim() } catch { throw LimequatError(error) }
  }

  /// What a session has done and holds.
  public struct Counters: Sendable, Equatable {
    /// Evaluations of a graph that were answered: one for each piece of a batch.
    public var runs: Int
    /// Tokens that MoE layers routed in them, counted for each layer.
    public var routedTokens: Int
    /// Plans, one for each combination of input dims: those made, and those held. Their number is bounded.
    public var plansMade: Int
    public var plansHeld: Int
    /// Memory between operators, in bytes: what is held, and the most that ever was.
    public var arenaBytes: Int
    public var peakArenaBytes: Int
    public var experts: ExpertCounters
  }

  public func readCounters() throws(LimequatError) -> Counters {
    try occupy()
    defer { leave() }
    let found = runtime.counters
    return Counters(
      runs: found.calls, routedTokens: found.routedTokens, plansMade: found.plans, plansHeld: found.heldPlans,
      arenaBytes: found.arenaBytes, peakArenaBytes: found.peakArenaBytes,
      experts: ExpertCounters(found.experts))
  }

  /// Who was routed where in the last run: one MoE layer.
  public struct RoutedLayer: Sendable, Equatable {
    public let node: String
    public let bank: String
    /// All tokens of the run, items one after the other, and those of one item.
    public let tokenCount: Int
    public let tokensPerItem: Int
    /// Experts that each token chooses, of how many.
    public let expertsPerToken: Int
    public let expertCount: Int
    /// For each token its experts, best first; their gates; and whether the expert had room.
    public let experts: [Int32]
    public let gates: [Float]
    public let isKept: [Bool]
  }

  /// The MoE layers of the last run in the order of evaluation; empty without ``Options/tracesRouting``. A
  /// batch that is cut into pieces has a run for each.
  public func readRouting() throws(LimequatError) -> [RoutedLayer] {
    guard let trace = try readTrace() else { return [] }
    return (0..<trace.layerCount).compactMap { index in
      trace.layer(at: index).map { layer in
        RoutedLayer(
          node: layer.node.text, bank: layer.bank.text, tokenCount: layer.tokens,
          tokensPerItem: layer.sequence, expertsPerToken: layer.k, expertCount: layer.expertCount,
          experts: Array(layer.experts), gates: Array(layer.gates), isKept: layer.kept.map { $0 != 0 })
      }
    }
  }

  /// The trace of the last run, which the session keeps until its next one.
  package func readTrace() throws(LimequatError) -> RoutingTrace? {
    try occupy()
    defer { leave() }
    return runtime.trace
  }
}

extension Model {
  /// How weights came into memory, for all sessions together. In a mapped file that is the system's matter,
  /// and all are 0.
  public struct Counters: Sendable, Equatable {
    public var experts: ExpertCounters
    /// Bytes of experts that are held, and the most that ever were.
    public var expertBytes: Int
    public var peakExpertBytes: Int
    /// Bytes of all other weights that are held, and those that were read.
    public var tensorBytes: Int
    public var tensorBytesRead: Int
  }

  public func readCounters() throws(LimequatError) -> Counters {
    let found: ModelCounters
    do throws(RuntimeError) { found = try runtime.readCounters() } catch { throw LimequatError(error) }
    return Counters(
      experts: ExpertCounters(found.experts), expertBytes: found.expertBytes,
      peakExpertBytes: found.peakExpertBytes, tensorBytes: found.tensorBytes,
      tensorBytesRead: found.tensorBytesRead)
  }
}

/// What it took to have experts in memory when they were wanted.
public struct ExpertCounters: Sendable, Equatable {
  /// Experts of a layer that were there, or on their way, when a call came to it, and those that had to be
  /// read.
  public var hits: Int
  public var misses: Int
  /// Bytes of experts that were read.
  public var bytesRead: Int
  /// For which calls waited for reads.
  public var waitNanoseconds: Int

  init(_ found: LimequatRuntime.ExpertCounters) {
    hits = found.hits
    misses = found.misses
    bytesRead = found.bytesRead
    waitNanoseconds = found.waitNanoseconds
  }
}
