internal import Foundation
import LimequatGraph
internal import LimequatTestSupport
import Testing

/// A text tower of one dense block, in the form the converter writes, with both pad switches off.
private func textTower() -> GraphBuilder {
  var b = GraphBuilder(name: "text")
  let ids = b.input("token_ids", type: .i32, dims: [.symbolic("B"), .fixed(4)])
  let lengths = b.input("lengths", type: .i32, dims: [.symbolic("B")])
  let embedded = b.node(.gather(axis: 0), [b.external("table", dims: [11, 8]), ids], name: "embedded")
  var h = b.node(.add, [embedded, b.external("positions", dims: [1, 4, 8])], name: "h")
  let keyLengths = b.node(.reshape([0, 1, 1, 1]), [lengths], name: "key_lengths")
  let range = b.constant("key_range", [0, 1, 2, 3] as [Int32], dims: [1, 1, 1, 4])
  let mask = b.node(.less, [range, keyLengths], name: "mask")
  let (scale, bias) = (b.external("norm/scale", dims: [8]), b.external("norm/bias", dims: [8]))
  let y = b.node(.layerNormalization(epsilon: 1e-6), [h, scale, bias], name: "norm")
  func linear(_ x: GraphBuilder.Ref, _ name: String) -> GraphBuilder.Ref {
    let product = b.node(.matMul, [x, b.external(name + "/kernel", dims: [8, 8])], name: name + "/product")
    return b.node(.add, [product, b.external(name + "/bias", dims: [8])], name: name)
  }
  let (q, k, v) = (linear(y, "query"), linear(y, "key"), linear(y, "value"))
  let attended = b.node(.attention(heads: 2, kvHeads: 2), [q, k, v, mask], name: "attention")
  h = b.node(.add, [h, linear(attended, "out")], name: "attended")
  let wide = b.node(.matMul, [h, b.external("dense_0", dims: [8, 16])], name: "wide")
  let active = b.node(.gelu(.tanh), [wide], name: "active")
  let narrow = b.node(.matMul, [active, b.external("dense_1", dims: [16, 8])], name: "narrow")
  h = b.node(.add, [h, narrow], name: "tower")
  let rowLengths = b.node(.reshape([0, 1]), [lengths], name: "row_lengths")
  let row = b.constant("pool_range", [0, 1, 2, 3] as [Int32], dims: [1, 4])
  let inside = b.node(.cast(to: .f32), [b.node(.less, [row, rowLengths], name: "inside")], name: "weights")
  let weighted = b.node(
    .multiply, [h, b.node(.reshape([0, 4, 1]), [inside], name: "columns")], name: "weighted")
  let sum = b.node(.reduceSum(axis: 1, keepDims: false), [weighted], name: "sum")
  let pooled = b.node(
    .divide, [sum, b.node(.cast(to: .f32), [rowLengths], name: "count")], name: "pooled")
  let z = b.node(.matMul, [pooled, b.external("head", dims: [8, 3])], name: "z")
  let norm = b.node(.reduceL2(axis: -1, keepDims: true), [z], name: "length")
  let safe = b.node(.add, [norm, b.constant("epsilon", [1e-8] as [Float], dims: [])], name: "safe_length")
  b.output(
    b.node(.divide, [z, safe], name: "normalized"), name: "embedding", type: .f32,
    dims: [.symbolic("B"), .fixed(3)])
  return b
}

/// `Fixtures/check_onnx.py` has ONNX's checker and onnxruntime look at these bytes.
@Test func buildersWriteTheBytesThatONNXWasShown() throws {
  let path = packageRoot + "/Tests/LimequatGraphTests/Fixtures/tower.onnx"
  let expected = FileManager.default.contents(atPath: path)
  let bytes = Data(try textTower().encode())
  #expect(bytes == expected)
}
