internal import LimequatCheckpoint
internal import LimequatContainer
internal import LimequatGraph

/// LIMoE: one tower for images and texts (formats/limoe-checkpoint.md).
struct LIMoE {
  let tower: TowerConfig
  /// V
  let vocabulary: Int
  /// T
  let length: Int
  /// P
  let projection: Int
  let hasToken: Bool
  let textPooling: TextPooling
  let padsAttended: Bool
  let padsPooled: Bool
  let embeddingEpsilon: Float
  let tokenizer: TokenizerConfig?
  let preprocessing: ImagePreprocessing?
  let metadata: [(key: String, value: String)]

  enum TextPooling { case mean, first, last }

  enum Names {
    static let imagePositions = "posembed_image/pos_embedding"
    static let textPositions = "posembed_text/pos_embedding"
    static let vocabulary = "Embed_0/embedding"
    static let imageHead = "head_image"
    static let textHead = "head_text"
    static let logitScale = "t"
  }

  /// Keys that only this family has.
  static let keys = [
    "vocab_size", "text_length", "projection_size", "image_pooling", "text_pooling", "pads_attended",
    "pads_pooled", "embedding_norm_eps", "tokenizer",
  ]

  init(_ object: ConfigObject, options: ConversionOptions) throws(ConversionError) {
    var config = object
    _ = try config.choice("model_type", ["limoe": ()])
    tower = try TowerConfig(&config, isVMoE: false, dropless: options.dropless)
    vocabulary = try config.integer("vocab_size")
    length = try config.integer("text_length", in: 1...ContainerLimits.maximumLength)
    projection = try config.integer("projection_size", in: 1...ContainerLimits.embeddingSize)
    hasToken = try config.choice("image_pooling", ["mean": false, "token": true], otherwise: false)
    textPooling = try config.choice(
      "text_pooling", ["mean": .mean, "first": .first, "last": .last], otherwise: .mean)
    padsAttended = try config.boolean("pads_attended", otherwise: true)
    padsPooled = try config.boolean("pads_pooled", otherwise: true)
    embeddingEpsilon = try config.float(
      "embedding_norm_eps", expected: "a number of at least 0", otherwise: 1e-8
    ) { $0 >= 0 }
    tokenizer = try TokenizerConfig.read(&config, vocabulary: vocabulary, length: length)
    preprocessing = try ImagePreprocessing.read(&config, side: tower.side)
    metadata = try readMetadata(&config)
    try config.finish(others: VMoE.keys, family: "V-MoE")
    if !padsAttended, tower.routing.isFinite {
      throw config.bad(
        "pads_attended", expected: "true with a finite capacity_factor (or a conversion to dropless)",
        found: "false")
    }
    for (key, value) in [("pads_attended", padsAttended), ("pads_pooled", padsPooled)] where !value {
      guard tokenizer?.padId != nil, tokenizer?.eosId != nil else {
        throw config.bad(key, expected: "true, or tokenizer/pad_id and tokenizer/eos_id", found: "false")
      }
    }
  }

  /// Everything the output holds.
  func draft(_ folder: CheckpointFolder, options: ConversionOptions) throws(ConversionError) -> ModelDraft {
    let path = folder.path
    let checkpoint = try withCheckpoint { () throws(CheckpointError) in try Checkpoint.open(folder: path) }
    var draft = ModelDraft(checkpoint: checkpoint, options: options)
    try draft.addPatches(tower, positions: Names.imagePositions, hasToken: hasToken)
    try draft.table(Names.vocabulary, [vocabulary, tower.width])
    try draft.vector(Names.textPositions, [1, length, tower.width])
    try draft.addTower(tower)
    for head in [Names.imageHead, Names.textHead] {
      try draft.addDense(head, tower.width, projection, hasBias: draft.has("\(head)/bias"))
    }
    draft.manifest.logitScale = try draft.scalar(Names.logitScale)
    try draft.checkNothingIsLeft()
    draft.manifest.embeddingSize = projection
    draft.manifest.metadata = metadata
    if let preprocessing { draft.manifest.imagePreprocessings = [preprocessing] }
    if let tokenizer {
      draft.manifest.tokenizers = [
        try tokenizer.draft(folder: path, vocabulary: vocabulary, length: length, into: &draft)
      ]
    }
    draft.manifest.signatures = [
      try imageSignature(hasBias: draft.has("\(Names.imageHead)/bias")),
      try textSignature(hasBias: draft.has("\(Names.textHead)/bias")),
    ]
    return draft
  }

  private func imageSignature(hasBias: Bool) throws(ConversionError) -> SignatureDraft {
    var graph = TowerGraph(tower, name: "image")
    let h = graph.patches(positions: Names.imagePositions, hasToken: hasToken)
    let u = graph.encode(h, length: tower.patches + (hasToken ? 1 : 0))
    let pooled = hasToken ? graph.position(u, 0) : graph.mean(u)
    finish(&graph, pooled, head: Names.imageHead, hasBias: hasBias)
    var signature = try graph.signature(modality: "image")
    signature.imagePreprocessing = preprocessing == nil ? nil : 0
    return signature
  }

  private func textSignature(hasBias: Bool) throws(ConversionError) -> SignatureDraft {
    var graph = TowerGraph(tower, name: "text")
    let ids = graph.graph.input("token_ids", type: .i32, dims: [TowerGraph.batch, .fixed(length)])
    let table = graph.graph.external(Names.vocabulary, dims: [vocabulary, tower.width])
    let positions = graph.graph.external(Names.textPositions, dims: [1, length, tower.width])
    let words = graph.graph.node(.gather(axis: 0), [table, ids], name: Names.vocabulary + "/gather")
    let h = graph.graph.node(.add, [words, positions], name: Names.textPositions + "/add")
    let seesLengths = !padsAttended || !padsPooled && textPooling != .first
    var pads: TextPads?
    if seesLengths { pads = TextPads(&graph, length: length) }
    let mask = padsAttended ? nil : pads?.mask(&graph)
    let u = graph.encode(h, length: length, mask: mask)
    let pooled: TowerGraph.Ref
    switch textPooling {
    case .first: pooled = graph.position(u, 0)
    case .mean: pooled = padsPooled ? graph.mean(u) : pads?.mean(&graph, u) ?? u
    case .last: pooled = padsPooled ? graph.position(u, length - 1) : pads?.last(&graph, u) ?? u
    }
    finish(&graph, pooled, head: Names.textHead, hasBias: hasBias)
    var signature = try graph.signature(modality: "text")
    signature.tokenizer = tokenizer == nil ? nil : 0
    return signature
  }

  /// The projection, divided by its length.
  private func finish(_ graph: inout TowerGraph, _ pooled: TowerGraph.Ref, head: String, hasBias: Bool) {
    let z = graph.dense(pooled, head, tower.width, projection, hasBias: hasBias)
    let norm = graph.graph.node(.reduceL2(axis: -1, keepDims: true), [z], name: "norm")
    let epsilon = graph.graph.constant("norm/epsilon", [embeddingEpsilon], dims: [])
    let divisor = graph.graph.node(.add, [norm, epsilon], name: "norm/divisor")
    let embedding = graph.graph.node(.divide, [z, divisor], name: "normalised")
    graph.graph.output(
      embedding, name: "embedding", type: .f32, dims: [TowerGraph.batch, .fixed(projection)])
  }
}

extension TowerGraph {
  /// The finished graph as a signature of its name.
  func signature(modality: String) throws(ConversionError) -> SignatureDraft {
    let model: [UInt8]
    do throws(GraphError) { model = try graph.encode() } catch { throw .graph(error) }
    var signature = SignatureDraft(name: name, model: model, modality: modality)
    signature.dimensions = [(name: "B", min: 1, max: nil)]
    return signature
  }
}
