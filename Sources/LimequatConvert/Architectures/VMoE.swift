internal import LimequatCheckpoint
internal import LimequatContainer
internal import LimequatGraph

/// V-MoE, the image classifier that LIMoE's tower comes from (formats/vmoe-checkpoint.md).
struct VMoE {
  let tower: TowerConfig
  /// C
  let classes: Int
  let hasToken: Bool
  /// Width of `pre_logits`, nil: there is none.
  let representation: Int?
  let preprocessing: ImagePreprocessing?
  let metadata: [(key: String, value: String)]

  enum Names {
    static let positions = "Encoder/posembed_input/pos_embedding"
    static let preLogits = "pre_logits"
    static let head = "head"
  }

  /// Keys that only this family has.
  static let keys = ["num_classes", "classifier", "representation_size"]

  init(_ object: ConfigObject, options: ConversionOptions) throws(ConversionError) {
    var config = object
    _ = try config.choice("model_type", ["vmoe": ()], otherwise: ())
    tower = try TowerConfig(&config, isVMoE: true, dropless: options.dropless)
    classes = try config.integer("num_classes")
    hasToken = try config.choice("classifier", ["token": true, "gap": false])
    representation = try config.integerOrNull("representation_size", otherwise: nil)
    preprocessing = try ImagePreprocessing.read(&config, side: tower.side)
    metadata = try readMetadata(&config)
    try config.finish(others: LIMoE.keys, family: "LIMoE")
  }

  /// Everything the output holds.
  func draft(_ folder: CheckpointFolder, options: ConversionOptions) throws(ConversionError) -> ModelDraft {
    let path = folder.path
    let checkpoint = try withCheckpoint { () throws(CheckpointError) in try Checkpoint.open(folder: path) }
    var draft = ModelDraft(checkpoint: checkpoint, options: options)
    try draft.addPatches(tower, positions: Names.positions, hasToken: hasToken)
    try draft.addTower(tower)
    if let representation { try draft.addDense(Names.preLogits, tower.width, representation) }
    try draft.addDense(Names.head, representation ?? tower.width, classes)
    try draft.checkNothingIsLeft()
    draft.manifest.metadata = metadata
    if let preprocessing { draft.manifest.imagePreprocessings = [preprocessing] }
    draft.manifest.signatures = [try signature()]
    return draft
  }

  private func signature() throws(ConversionError) -> SignatureDraft {
    var graph = TowerGraph(tower, name: "logits")
    let h = graph.patches(positions: Names.positions, hasToken: hasToken)
    var u = graph.encode(h, length: tower.patches + (hasToken ? 1 : 0))
    u = hasToken ? graph.position(u, 0) : graph.mean(u)
    if let representation {
      let inner = graph.dense(u, Names.preLogits, tower.width, representation)
      u = graph.graph.node(.tanh, [inner], name: "\(Names.preLogits)/tanh")
    }
    let logits = graph.dense(u, Names.head, representation ?? tower.width, classes)
    graph.graph.output(logits, name: "logits", type: .f32, dims: [TowerGraph.batch, .fixed(classes)])
    var signature = try graph.signature(modality: "image")
    signature.imagePreprocessing = preprocessing == nil ? nil : 0
    return signature
  }
}
