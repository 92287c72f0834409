internal import LimequatGraph

/// The part of a text graph that looks at lengths: keys and positions behind the text are not seen
/// (formats/limoe-checkpoint.md, section 5). Adds the input `lengths`, i32 [B].
struct TextPads {
  private typealias Ref = GraphBuilder.Ref
  private let lengths: GraphBuilder.Ref
  /// T
  private let length: Int

  init(_ graph: inout TowerGraph, length: Int) {
    self.length = length
    lengths = graph.graph.input("lengths", type: .i32, dims: [TowerGraph.batch])
  }

  /// bool [B, 1, 1, T]: true for positions of the text.
  func mask(_ graph: inout TowerGraph) -> GraphBuilder.Ref {
    let places = range(&graph, "mask/positions", dims: [1, 1, 1, length])
    let ends = graph.graph.node(.reshape([0, 1, 1, 1]), [lengths], name: "mask/lengths")
    return graph.graph.node(.less, [places, ends], name: "mask")
  }

  /// The mean over the positions of the text.
  func mean(_ graph: inout TowerGraph, _ input: GraphBuilder.Ref) -> GraphBuilder.Ref {
    let places = range(&graph, "pool/positions", dims: [1, length])
    let ends = graph.graph.node(.reshape([0, 1]), [lengths], name: "pool/lengths")
    let seen = graph.graph.node(.less, [places, ends], name: "pool/seen")
    let sum = weighted(&graph, input, by: seen)
    let count = graph.graph.node(.cast(to: .f32), [ends], name: "pool/count")
    return graph.graph.node(.divide, [sum, count], name: "pool")
  }

  /// The vector of the text's last position.
  func last(_ graph: inout TowerGraph, _ input: GraphBuilder.Ref) -> GraphBuilder.Ref {
    let places = range(&graph, "pool/positions", dims: [1, length])
    let ends = graph.graph.node(.reshape([0, 1]), [lengths], name: "pool/lengths")
    let one = graph.graph.constant("pool/one", [Int32(1)], dims: [])
    let lasts = graph.graph.node(.subtract, [ends, one], name: "pool/lasts")
    let isLast = graph.graph.node(.equal, [places, lasts], name: "pool/is_last")
    return weighted(&graph, input, by: isLast)
  }

  /// The sum over the positions where `condition` (bool [B, T]) holds.
  private func weighted(
    _ graph: inout TowerGraph, _ input: GraphBuilder.Ref, by condition: GraphBuilder.Ref
  ) -> GraphBuilder.Ref {
    let numbers = graph.graph.node(.cast(to: .f32), [condition], name: "pool/numbers")
    let weights = graph.graph.node(.reshape([0, length, 1]), [numbers], name: "pool/weights")
    let kept = graph.graph.node(.multiply, [input, weights], name: "pool/kept")
    return graph.graph.node(.reduceSum(axis: 1, keepDims: false), [kept], name: "pool/sum")
  }

  private func range(_ graph: inout TowerGraph, _ name: String, dims: [Int]) -> GraphBuilder.Ref {
    // The length is at most 131,072.
    graph.graph.constant(name, (0..<length).map { Int32(truncatingIfNeeded: $0) }, dims: dims)
  }
}
