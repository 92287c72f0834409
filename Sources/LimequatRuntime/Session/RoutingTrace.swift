public import LimequatBytes
internal import LimequatContainer
internal import LimequatGraph
internal import LimequatTensor

/// Who was routed where in one call, for each SparseMoE node in the order of evaluation. Keeps its own
/// memory; names are valid while the model lives.
public final class RoutingTrace: @unchecked Sendable {
  /// The routing of one node. Pointers are valid while the trace lives; each is (tokens, k), row-major.
  public struct Layer: @unchecked Sendable {
    public let node: Name
    public let bank: Name
    /// All tokens of the call, items one after the other.
    public let tokens: Int
    /// Tokens of an item.
    public let sequence: Int
    public let k: Int
    public let expertCount: Int
    /// Tokens that were routed together.
    public let groupSize: Int
    /// Slots of each expert in a group; nil: nothing could drop.
    public let capacity: Int?
    public let experts: UnsafeBufferPointer<Int32>
    /// As they are applied, whether or not the expert had room.
    public let gates: UnsafeBufferPointer<Float>
    /// 1 where the expert had room, else 0.
    public let kept: UnsafeBufferPointer<UInt8>
  }

  private let memory: Buffer
  private var layers: Table<Layer>

  private init(memory: consuming Buffer, layers: consuming Table<Layer>) {
    self.memory = memory
    self.layers = layers
  }

  public var layerCount: Int { layers.count }
  public func layer(at index: Int) -> Layer? { layers[index] }

  /// Room for the nodes of a plan.
  static func make(_ signature: SignatureModel, _ plan: Plan) throws(RuntimeError) -> RoutingTrace {
    var layout = RoomLayout()
    for index in 0..<plan.rooms.count {
      guard let shape = plan.rooms[index]?.shape else { continue }
      _ = layout.take(shape.choices, 9, size: 1)
    }
    guard !layout.isTooLarge else { throw .tooLarge }
    let (size, count) = (layout.size, plan.rooms.count)
    let memory = try Allocation.buffer(size: size)
    return RoutingTrace(
      memory: memory, layers: try Allocation.table(capacity: count))
  }

  /// Keeps a copy of a node's routing.
  func record(_ shape: SparseMoEShape, node: Name, bank: Name, _ results: Routing.Results) {
    var layout = RoomLayout()
    for index in 0..<layers.count {
      if let layer = layers[index] { _ = layout.take(layer.experts.count, 9, size: 1) }
    }
    let count = shape.choices
    let start = memory.start + layout.take(count, 9, size: 1)
    guard layout.size <= memory.size else { return }
    let experts = start.bindMemory(to: Int32.self, capacity: count)
    let gates = (start + count * 4).bindMemory(to: Float.self, capacity: count)
    let kept = (start + count * 8).bindMemory(to: UInt8.self, capacity: count)
    experts.update(from: results.experts, count: count)
    gates.update(from: results.gates, count: count)
    kept.update(from: results.kept, count: count)
    layers.append(
      Layer(
        node: node, bank: bank, tokens: shape.tokens, sequence: shape.sequence, k: shape.attributes.k,
        expertCount: shape.experts, groupSize: shape.groupSize, capacity: shape.grouping.capacity,
        experts: UnsafeBufferPointer(start: experts, count: count),
        gates: UnsafeBufferPointer(start: gates, count: count),
        kept: UnsafeBufferPointer(start: kept, count: count)))
  }
}
