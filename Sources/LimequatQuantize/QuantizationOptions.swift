/// What ``Quantization`` does to which weights.
public struct QuantizationOptions: Sendable {
  public enum Experts: String, Sendable, CaseIterable { case int8, keep }

  /// What becomes of weights outside the banks: matrices (attention, dense MLPs, projection heads) and
  /// embedding tables. Routers, norms, biases, positions and class tokens always stay as they are.
  public enum Dense: String, Sendable, CaseIterable {
    case keep
    /// All of them, and the patch kernel, to f16.
    case f16
    /// Matrices to int8 panels, tables to int8 rows, the patch kernel to f16.
    case int8
  }

  public var experts: Experts
  public var dense: Dense
  /// Threads that compute; 0: as many as the machine has processors. The result does not depend on it.
  public var threads: Int

  public init(experts: Experts = .int8, dense: Dense = .keep, threads: Int = 0) {
    self.experts = experts
    self.dense = dense
    self.threads = threads
  }
}
