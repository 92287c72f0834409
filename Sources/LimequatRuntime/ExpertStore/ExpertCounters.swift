/// What it took to have experts in memory when they were wanted.
public struct ExpertCounters: Sendable, Equatable {
  /// Experts of a layer that were in memory, or on their way, when a call came to the layer.
  public var hits = 0
  /// Those that had to be read.
  public var misses = 0
  /// Of blocks, in bytes.
  public var bytesRead = 0
  /// How long calls stood still for blocks, in nanoseconds.
  public var waitNanoseconds = 0

  public init() {}
}

/// What a model holds, and what all its sessions took together. A mapped file counts as nothing: the system
/// reads it and holds it.
public struct ModelCounters: Sendable, Equatable {
  public var experts = ExpertCounters()
  /// Blocks of experts in memory, now and at most, in bytes.
  public var expertBytes = 0
  public var peakExpertBytes = 0
  /// Dense tensors in memory, in bytes.
  public var tensorBytes = 0
  /// Dense tensors and rows of tables, in bytes.
  public var tensorBytesRead = 0

  public init() {}
}
