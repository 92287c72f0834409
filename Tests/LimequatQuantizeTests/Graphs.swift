import LimequatContainer
import LimequatGraph

/// Graphs around single weights.
enum Graphs {
  /// Looks rows of `table` (outputs, inputs) up, and multiplies them with `matrix` (inputs, outputs).
  static func signature(inputs: Int, outputs: Int) throws -> SignatureDraft {
    var b = GraphBuilder(name: "graph")
    let ids = b.input("ids", type: .i32, dims: [.symbolic("B")])
    let rows = b.node(.gather(axis: 0), [b.external("table", dims: [outputs, inputs]), ids], name: "rows")
    let y = b.node(.matMul, [rows, b.external("matrix", dims: [inputs, outputs])], name: "product")
    b.output(y, name: "y", type: .f32, dims: [.symbolic("B"), .fixed(outputs)])
    var draft = SignatureDraft(name: "graph", model: try b.encode(), modality: "text")
    draft.dimensions = [("B", 1, nil)]
    return draft
  }
}
