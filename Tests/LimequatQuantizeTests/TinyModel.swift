import LimequatBytes
import LimequatContainer
import LimequatGraph
import LimequatTensor
import LimequatTestSupport
import Testing

/// A model with one weight of each role: an image tower with experts, and a text tower.
struct TinyModel {
  static let bank = "moe"
  static let experts: [ElementType?] = [.f32, .bf16, nil, .f16, .f32]
  var type: ElementType = .f32
  /// Changes an element before it is written: (tensor or "bank/expert", values).
  var change: (_ name: String, _ values: inout [Float]) -> Void = { _, _ in }

  /// Name, layout, dims.
  static let tensors: [(name: String, layout: Layout, shape: Shape)] = [
    ("a/patch", .panel32, Shape(of: 12, 8)),
    ("b/bias", .rows, Shape(of: 8)),
    ("c/router", .panel32, Shape(of: 8, 5)),
    ("d/head", .panel32, Shape(of: 8, 33)),
    ("e/table", .rows, Shape(of: 70, 8)),
    ("f/positions", .rows, Shape(of: 1, 6, 8)),
    ("g/query", .panel32, Shape(of: 8, 8)),
    ("h/loose", .panel32, Shape(of: 8, 8)),
    ("i/scale", .rows, Shape(of: 8)),
  ]

  /// Weights outside the banks are of `type`, where DESIGN lets them be anything but f32.
  static func typeOf(_ name: String, _ type: ElementType) -> ElementType {
    ["a/patch", "d/head", "e/table", "g/query", "h/loose"].contains(name) ? type : .f32
  }

  func write(to path: String) throws {
    let writer = try ContainerWriter.create(path: path)
    var random = SeededRandom(seed: 7)
    func values(_ count: Int) -> [Float] { (0..<count).map { _ in Float.random(in: -2...2, using: &random) } }
    func tensor(_ index: Int) throws {
      let (name, layout, shape) = TinyModel.tensors[index]
      let type = TinyModel.typeOf(name, type)
      let size = try #require(storedSize(type: type, layout: layout, shape: shape))
      var floats = values(size / type.size)
      change(name, &floats)
      if layout == .panel32, shape[1] % 32 != 0 { TinyModel.clearPadding(&floats, shape[0], shape[1]) }
      try writer.beginTensor(name, type: type, layout: layout, shape: shape)
      try writer.write(array: floatBytes(floats, type))
      try writer.end()
    }
    for index in 0..<4 { try tensor(index) }
    try writer.beginBank(BankDraft(name: TinyModel.bank, inputSize: 8, hiddenSize: 37, outputSize: 8))
    for (number, encoding) in TinyModel.experts.enumerated() {
      guard let encoding else {
        try writer.absentExpert()
        continue
      }
      let block = try #require(
        ExpertBlock(inputSize: 8, hiddenSize: 37, outputSize: 8, isGated: false, encoding: encoding))
      try writer.beginExpert(encoding: encoding, usage: number == 0 ? [("image", 0.25), ("text", 0.5)] : [])
      for matrix in [block.first, block.second] {
        var floats = values(matrix.panels.count / encoding.size)
        change("\(TinyModel.bank)/\(number)", &floats)
        TinyModel.clearPadding(&floats, matrix.inputs, matrix.outputs)
        try writer.write(array: floatBytes(floats, encoding))
        var bias = values(matrix.paddedOutputs)
        change("\(TinyModel.bank)/\(number)/bias", &bias)
        for output in matrix.outputs..<matrix.paddedOutputs { bias[output] = 0 }
        try writer.write(array: floatBytes(bias, .f32))
      }
      try writer.end()
    }
    try writer.endBank()
    for index in 4..<TinyModel.tensors.count { try tensor(index) }
    try writer.finish(try TinyModel.manifest())
  }

  private static func clearPadding(_ values: inout [Float], _ inputs: Int, _ outputs: Int) {
    for index in values.indices where index / 32 / inputs * 32 + index % 32 >= outputs { values[index] = 0 }
  }

  private static func manifest() throws -> ManifestDraft {
    var draft = ManifestDraft()
    var image = SignatureDraft(name: "image", model: try imageGraph().encode(), modality: "image")
    image.dimensions = [("B", 1, nil)]
    image.imagePreprocessing = 0
    var text = SignatureDraft(name: "text", model: try textGraph().encode(), modality: "text")
    text.dimensions = [("B", 1, 9)]
    text.tokenizer = 0
    draft.signatures = [image, text]
    draft.imagePreprocessings = [
      ImagePreprocessing(
        height: 4, width: 4, resize: .squash, size: 0, interpolation: .bicubic, low: -1, high: 1)
    ]
    var tokenizer = TokenizerDraft(kind: .idsOnly, maxLength: 6, eos: .sticky)
    tokenizer.eosId = 1
    tokenizer.padId = 0
    draft.tokenizers = [tokenizer]
    draft.embeddingSize = 33
    draft.logitScale = 2.5
    draft.metadata = [("license", "MIT"), ("source", "made for a test")]
    return draft
  }

  static func imageGraph() -> GraphBuilder {
    var b = GraphBuilder(name: "image")
    let image = b.input("image", type: .f32, dims: [.symbolic("B"), .fixed(4), .fixed(4), .fixed(3)])
    let half = b.constant("half", [0.5] as [Float], dims: [])
    let shifted = b.node(.subtract, [image, half], name: "shifted")
    let cut = b.node(.reshape([0, 2, 2, 2, 6]), [shifted], name: "cut")
    let turned = b.node(.transpose([0, 1, 3, 2, 4]), [cut], name: "turned")
    let patches = b.node(.reshape([0, 4, 12]), [turned], name: "patches")
    let product = b.node(.matMul, [patches, b.external("a/patch", dims: [12, 8])], name: "embedded")
    let h = b.node(.add, [product, b.external("b/bias", dims: [8])], name: "h")
    let logits = b.node(.matMul, [h, b.external("c/router", dims: [8, 5])], name: "logits")
    let moe = b.node(
      .sparseMoE(bank: bank, SparseMoEAttributes(k: 1, activation: .geluTanh)), [h, logits], name: "moe")
    let pooled = b.node(.reduceMean(axis: 1, keepDims: false), [moe], name: "pooled")
    let z = b.node(.matMul, [pooled, b.external("d/head", dims: [8, 33])], name: "z")
    b.output(z, name: "embedding", type: .f32, dims: [.symbolic("B"), .fixed(33)])
    return b
  }

  static func textGraph() -> GraphBuilder {
    var b = GraphBuilder(name: "text")
    let ids = b.input("token_ids", type: .i32, dims: [.symbolic("B"), .fixed(6)])
    let lengths = b.input("lengths", type: .i32, dims: [.symbolic("B")])
    let embedded = b.node(.gather(axis: 0), [b.external("e/table", dims: [70, 8]), ids], name: "embedded")
    let h = b.node(.add, [embedded, b.external("f/positions", dims: [1, 6, 8])], name: "h")
    let query = b.node(.matMul, [h, b.external("g/query", dims: [8, 8])], name: "query")
    let normed = b.node(
      .layerNormalization(epsilon: 1e-6), [query, b.external("i/scale", dims: [8])], name: "normed")
    let sum = b.node(.reduceSum(axis: 1, keepDims: false), [normed], name: "sum")
    let counts = b.node(.reshape([0, 1]), [lengths], name: "counts")
    let mean = b.node(.divide, [sum, b.node(.cast(to: .f32), [counts], name: "floats")], name: "mean")
    let z = b.node(.matMul, [mean, b.external("d/head", dims: [8, 33])], name: "z")
    b.output(z, name: "embedding", type: .f32, dims: [.symbolic("B"), .fixed(33)])
    return b
  }
}

extension ContainerWriter {
  func write(array: [UInt8]) throws { try array.withUnsafeBytes { try write($0) } }
}

extension Container {
  func tensor(_ name: String) -> TensorEntry? {
    Array(name.utf8).withUnsafeBytes { tensorIndex(Name($0)) }.flatMap { tensor(at: $0) }
  }

  func contents(_ offset: Int, _ size: Int) -> [UInt8] {
    bytes(offset: offset, size: size).map { Array($0) } ?? []
  }
}
