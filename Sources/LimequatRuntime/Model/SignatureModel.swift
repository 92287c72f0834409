internal import LimequatBytes
internal import LimequatContainer
internal import LimequatGraph
internal import LimequatTensor
internal import Synchronization

/// A weight or constant of a graph: where its bytes lie and how. Other values, and weights that nothing
/// reads, lie nowhere.
struct Weight {
  var place = Place.nowhere
  var type = ElementType.f32
  var layout = Layout.rows
}

/// A signature, ready to be planned: its graph, and where the weights lie that it reads.
final class SignatureModel: @unchecked Sendable {
  let entry: SignatureEntry
  let graph: Graph
  let container: Container
  /// By value.
  let weights: Table<Weight>
  /// Constants that do not lie at a multiple of their element size in the graph.
  private let aligned: Buffer
  private let presence: ExpertPresence
  /// What the signature reads is in memory and checked, but for what products check.
  let isLoaded = Atomic<Bool>(false)

  private init(
    entry: SignatureEntry, graph: Graph, container: Container, weights: consuming Table<Weight>,
    aligned: consuming Buffer, presence: ExpertPresence
  ) {
    self.entry = entry
    self.graph = graph
    self.container = container
    self.weights = weights
    self.aligned = aligned
    self.presence = presence
  }

  static func make(
    _ entry: SignatureEntry, container: Container, presence: ExpertPresence
  ) throws(RuntimeError) -> SignatureModel {
    let graph: Graph
    do throws(GraphError) { graph = try Graph.decode(entry.model) } catch {
      throw .graph(signature: entry.name.text, error)
    }
    let aligned = try Allocation.buffer(size: misalignedBytes(graph))
    let signature = SignatureModel(
      entry: entry, graph: graph, container: container,
      weights: try findWeights(entry, graph, container, aligned.start), aligned: aligned, presence: presence)
    try signature.checkStorage()
    try signature.checkBanks()
    try signature.checkSmallest()
    return signature
  }

  /// Some expert of a bank is int8.
  func hasInt8(_ bank: Int) -> Bool { presence.hasInt8(bank) }

  /// One byte for each expert of a bank, 0 where it is absent; nil when none is.
  func presence(of bank: Int) -> UnsafePointer<UInt8>? {
    presence.flags(bank, of: container.bank(at: bank)?.expertCount ?? 0)
  }

  /// The shapes of all values; checks every rule of the graph that needs concrete dims.
  func inferShapes(_ inputs: borrowing Table<Shape>) throws(RuntimeError) -> InferredShapes {
    do throws(GraphError) { return try infer(inputs) } catch {
      throw .graph(signature: entry.name.text, error)
    }
  }

  private func infer(_ inputs: borrowing Table<Shape>) throws(GraphError) -> InferredShapes {
    try inputs.withElements { (shapes: UnsafeMutableBufferPointer<Shape>) throws(GraphError) in
      try graph.inferShapes(
        inputs: { $0 < shapes.count ? shapes[$0] : Shape() },
        externals: { name in
          container.tensorIndex(name).flatMap { container.tensor(at: $0) }.map { tensor in
            (tensor.type.isFloat || tensor.type == .int8 ? .f32 : .u8, tensor.shape)
          }
        },
        banks: { name in
          guard let index = container.bankIndex(name), let bank = container.bank(at: index) else {
            return nil
          }
          return BankShape(
            inputSize: bank.inputSize, outputSize: bank.outputSize, isGated: bank.isGated,
            expertCount: bank.expertCount, presentCount: presence.count(index))
        })
    }
  }

  /// Infers all shapes for the smallest dims that the signature allows, so that what is wrong with any dims
  /// is found when the model is opened. Whether tokens can be grouped depends on the call.
  private func checkSmallest() throws(RuntimeError) {
    var shapes = try Allocation.table(capacity: graph.inputCount) as Table<Shape>
    for index in 0..<graph.inputCount {
      var shape = Shape()
      if let dims = graph.value(at: index)?.dims {
        for axis in 0..<dims.rank {
          switch dims[axis] {
          case .fixed(let size): shape.append(size)
          case .symbolic(let name): shape.append(max(1, bounds(name)?.min ?? 1))
          case nil: break
          }
        }
      }
      shapes.append(shape)
    }
    do throws(GraphError) { _ = try infer(shapes) } catch {
      if error.rule != .grouping { throw .graph(signature: entry.name.text, error) }
    }
  }

  /// The bounds of a symbolic dim.
  func bounds(_ name: Name) -> DimensionEntry? {
    for index in 0..<entry.dimensionCount {
      if let dimension = entry.dimension(at: index), dimension.name == name { return dimension }
    }
    return nil
  }
}
