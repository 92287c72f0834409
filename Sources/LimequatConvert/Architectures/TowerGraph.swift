internal import LimequatGraph

/// Writes the graph of one signature; nodes are named after the parameters they use. formats/graph.md lists
/// the forms that a runtime may fuse: keep to them.
struct TowerGraph {
  typealias Ref = GraphBuilder.Ref

  let tower: TowerConfig
  /// Of the signature.
  let name: String
  var graph: GraphBuilder

  init(_ tower: TowerConfig, name: String) {
    self.tower = tower
    self.name = name
    graph = GraphBuilder(name: name)
  }

  static let batch = GraphBuilder.Dim.symbolic("B")

  /// Pixels f32 [B, R, R, 3] to positions [B, N, D] or, with the learned token in front, [B, N + 1, D].
  mutating func patches(positions: String, hasToken: Bool) -> Ref {
    let (g, p, width) = (tower.grid, tower.patch, tower.width)
    let length = tower.patches + (hasToken ? 1 : 0)
    let image = graph.input(
      "image", type: .f32, dims: [Self.batch, .fixed(tower.side), .fixed(tower.side), .fixed(3)])
    let rows = graph.node(.reshape([0, g, p, g, p * 3]), [image], name: "patches/rows")
    let turned = graph.node(.transpose([0, 1, 3, 2, 4]), [rows], name: "patches/turned")
    let flat = graph.node(.reshape([0, tower.patches, tower.patchSize]), [turned], name: "patches/flat")
    var h = dense(flat, TowerNames.patches, tower.patchSize, width)
    if hasToken {
      let cls = graph.external(TowerNames.cls, dims: [1, 1, width])
      let behind = graph.node(.pad([0, 1, 0, 0, 0, 0]), [h], name: "token/behind")
      let front = graph.node(.pad([0, 0, 0, 0, tower.patches, 0]), [cls], name: "token/front")
      h = graph.node(.add, [behind, front], name: "token/add")
    }
    let table = graph.external(positions, dims: [1, length, width])
    return graph.node(.add, [h, table], name: "\(positions)/add")
  }

  /// All blocks and the norm behind them, for sequences of `length` positions. `mask`: bool, true where a
  /// key is seen.
  mutating func encode(_ input: Ref, length: Int, mask: Ref? = nil) -> Ref {
    var h = input
    for layer in 0..<tower.layers { h = block(h, layer, length: length, mask: mask) }
    return norm(h, TowerNames.norm)
  }

  private mutating func block(_ input: Ref, _ layer: Int, length: Int, mask: Ref?) -> Ref {
    let (name, width) = (TowerNames.block(layer), tower.width)
    let attention = "\(name)/SelfAttention"
    let y = norm(input, "\(name)/LayerNorm_0")
    let query = dense(y, "\(attention)/query", width, width)
    let key = dense(y, "\(attention)/key", width, width)
    let value = dense(y, "\(attention)/value", width, width)
    let mixed = graph.node(
      .attention(heads: tower.heads, kvHeads: tower.heads), [query, key, value] + (mask.map { [$0] } ?? []),
      name: attention)
    let out = dense(mixed, "\(attention)/out", width, width)
    let h = graph.node(.add, [input, out], name: "\(attention)/residual")
    let z = norm(h, "\(name)/LayerNorm_1")
    let change = tower.isMoE(layer) ? sparse(z, "\(name)/Moe", length: length) : perceptron(z, "\(name)/Mlp")
    return graph.node(.add, [h, change], name: "\(name)/residual")
  }

  private mutating func perceptron(_ input: Ref, _ name: String) -> Ref {
    let inner = dense(input, "\(name)/Dense_0", tower.width, tower.hidden)
    let active = graph.node(.gelu(tower.routing.gelu), [inner], name: "\(name)/gelu")
    return dense(active, "\(name)/Dense_1", tower.hidden, tower.width)
  }

  private mutating func sparse(_ input: Ref, _ name: String, length: Int) -> Ref {
    let kernel = graph.external("\(name)/Router/dense/kernel", dims: [tower.width, tower.routing.experts])
    let logits = graph.node(.matMul, [input, kernel], name: "\(name)/Router")
    return graph.node(
      .sparseMoE(bank: "\(name)/Mlp", tower.routing.attributes(length: length)), [input, logits], name: name)
  }

  private mutating func norm(_ input: Ref, _ name: String) -> Ref {
    let scale = graph.external("\(name)/scale", dims: [tower.width])
    let bias = graph.external("\(name)/bias", dims: [tower.width])
    return graph.node(.layerNormalization(epsilon: tower.epsilon), [input, scale, bias], name: name)
  }

  /// `input · name/kernel`, plus `name/bias` unless it is left out.
  mutating func dense(_ input: Ref, _ name: String, _ inputs: Int, _ outputs: Int, hasBias: Bool = true)
    -> Ref
  {
    let kernel = graph.external("\(name)/kernel", dims: [inputs, outputs])
    let product = graph.node(.matMul, [input, kernel], name: "\(name)/product")
    guard hasBias else { return product }
    let bias = graph.external("\(name)/bias", dims: [outputs])
    return graph.node(.add, [product, bias], name: "\(name)/sum")
  }

  /// [B, S, D] to [B, D]: the mean over the sequence.
  mutating func mean(_ input: Ref) -> Ref {
    graph.node(.reduceMean(axis: 1, keepDims: false), [input], name: "pool")
  }

  /// [B, S, D] to [B, D]: the vector of one position.
  mutating func position(_ input: Ref, _ index: Int) -> Ref {
    let place = graph.constant("pool/position", [Int64(index)], dims: [])
    return graph.node(.gather(axis: 1), [input, place], name: "pool")
  }
}
