/// Names of the tensors that both families share.
enum TowerNames {
  static let patches = "embedding"
  static let cls = "cls"
  static let norm = "Encoder/encoder_norm"
  static func block(_ layer: Int) -> String { "Encoder/encoderblock_\(layer)" }
}

extension ModelDraft {
  /// The patch embedding, with the learned token where there is one.
  mutating func addPatches(_ tower: TowerConfig, positions: String, hasToken: Bool) throws(ConversionError) {
    try matrix(
      "\(TowerNames.patches)/kernel", [tower.patch, tower.patch, 3, tower.width], inputs: tower.patchSize,
      outputs: tower.width)
    try vector("\(TowerNames.patches)/bias", [tower.width])
    if hasToken { try vector(TowerNames.cls, [1, 1, tower.width]) }
    try vector(positions, [1, tower.patches + (hasToken ? 1 : 0), tower.width])
  }

  /// All blocks and the norm behind them.
  mutating func addTower(_ tower: TowerConfig) throws(ConversionError) {
    for layer in 0..<tower.layers { try addBlock(tower, layer) }
    try addNorm(TowerNames.norm, tower.width)
  }

  private mutating func addBlock(_ tower: TowerConfig, _ layer: Int) throws(ConversionError) {
    let (block, width, heads, size) = (TowerNames.block(layer), tower.width, tower.heads, tower.headSize)
    try addNorm("\(block)/LayerNorm_0", width)
    for part in ["query", "key", "value"] {
      let name = "\(block)/SelfAttention/\(part)"
      try matrix("\(name)/kernel", [width, heads, size], inputs: width, outputs: width)
      try vector("\(name)/bias", [heads, size], stored: [width])
    }
    let out = "\(block)/SelfAttention/out"
    try matrix("\(out)/kernel", [heads, size, width], inputs: width, outputs: width)
    try vector("\(out)/bias", [width])
    try addNorm("\(block)/LayerNorm_1", width)
    guard tower.isMoE(layer) else {
      try addDense("\(block)/Mlp/Dense_0", width, tower.hidden)
      try addDense("\(block)/Mlp/Dense_1", tower.hidden, width)
      return
    }
    let experts = tower.routing.experts
    try matrix(
      "\(block)/Moe/Router/dense/kernel", [width, experts], inputs: width, outputs: experts, isExact: true)
    try bank("\(block)/Moe/Mlp", experts: experts, inputs: width, hidden: tower.hidden, outputs: width)
  }

  private mutating func addNorm(_ name: String, _ width: Int) throws(ConversionError) {
    try vector("\(name)/scale", [width])
    try vector("\(name)/bias", [width])
  }

  /// `name/kernel` and, unless it is left out, `name/bias`.
  mutating func addDense(
    _ name: String, _ inputs: Int, _ outputs: Int, hasBias: Bool = true
  ) throws(ConversionError) {
    try matrix("\(name)/kernel", [inputs, outputs], inputs: inputs, outputs: outputs)
    if hasBias { try vector("\(name)/bias", [outputs]) }
  }
}
