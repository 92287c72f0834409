/// How `limequat.SparseMoE` routes and what its experts compute (formats/graph.md, section "SparseMoE").
public struct SparseMoEAttributes: Sendable, Equatable {
  /// Experts a token chooses, at least 1.
  public var k: Int
  public var activation: Activation
  /// The k gates are divided by their sum.
  public var normalizeGates: Bool
  public var softmax: Softmax
  /// Slots of an expert in units of a fair share; 0: no token is ever dropped.
  public var capacityFactor: Double
  public var capacityRounding: CapacityRounding
  /// Capacities are multiples of this.
  public var capacityMultiple: Int
  public var group: Group
  /// Tokens take slots in the order of their first gate instead of their position.
  public var batchPriority: Bool
  /// Inputs and outputs of experts are rounded to bfloat16.
  public var dispatchBF16: Bool

  public enum Activation: Sendable, CaseIterable { case geluTanh, gelu, quickGelu, silu, relu, swiglu }
  public enum Softmax: Sendable {
    /// Over all experts, before the k are chosen.
    case all
    /// Over the k chosen logits.
    case kept
  }
  public enum CapacityRounding: Sendable { case ceil, round }
  public enum Group: Sendable, Equatable {
    /// All tokens of the call.
    case call
    /// The last sequence axis: each item by itself.
    case sequence
    case tokens(Int)
  }

  public init(
    k: Int, activation: Activation, normalizeGates: Bool = false, softmax: Softmax = .all,
    capacityFactor: Double = 0, capacityRounding: CapacityRounding = .ceil, capacityMultiple: Int = 1,
    group: Group = .call, batchPriority: Bool = false, dispatchBF16: Bool = false
  ) {
    self.k = k
    self.activation = activation
    self.normalizeGates = normalizeGates
    self.softmax = softmax
    self.capacityFactor = capacityFactor
    self.capacityRounding = capacityRounding
    self.capacityMultiple = capacityMultiple
    self.group = group
    self.batchPriority = batchPriority
    self.dispatchBF16 = dispatchBF16
  }
}
