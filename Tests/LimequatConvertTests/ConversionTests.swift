import LimequatBytes
import LimequatContainer
import LimequatGraph
import LimequatTestSupport
import Testing

@testable import LimequatConvert

private let all = Fixture.all.map(Fixture.path) + [packageRoot + "/examples/digits/checkpoint"]

@Test(arguments: all) func everyFixtureConverts(_ source: String) throws {
  let plan = try Conversion.plan(source: source)
  let folder = try TemporaryFolder()
  var calls: [(Int, Int)] = []
  try plan.write(to: folder.file("a.lmq")) { calls.append(($0, $1)) }
  #expect(calls.first?.0 == 0)
  #expect(calls.last.map { $0 == $1 } == true)
  let container = try Container.open(path: folder.file("a.lmq"))
  try container.verify()
  #expect(plan.signatures == (plan.architecture == .limoe ? ["image", "text"] : ["logits"]))
  #expect(container.embeddingSize == plan.embeddingSize)
  // The same source gives the same bytes.
  try plan.write(to: folder.file("b.lmq"))
  #expect(try bytes(ofFile: folder.file("a.lmq")) == bytes(ofFile: folder.file("b.lmq")))
}

/// The attributes of the first MoE node of a signature.
private func routing(
  _ name: String, _ signature: String, options: ConversionOptions = .init()
) throws -> SparseMoEAttributes? {
  let plan = try Conversion.plan(source: Fixture.path(name), options: options)
  let draft = try #require(plan.draft.manifest.signatures.first { $0.name == signature })
  let graph = try draft.model.withUnsafeBytes { try Graph.decode($0) }
  for index in 0..<graph.nodeCount {
    if case .sparseMoE(_, let attributes) = try #require(graph.node(at: index)).op { return attributes }
  }
  return nil
}

@Test func routingGoesIntoTheGraph() throws {
  #expect(
    try routing("limoe-small", "image")
      == SparseMoEAttributes(k: 1, activation: .geluTanh, group: .sequence))
  #expect(
    try routing("limoe-capacity", "text")
      == SparseMoEAttributes(
        k: 2, activation: .geluTanh, capacityFactor: 0.7, capacityMultiple: 4, group: .call,
        batchPriority: true))
  #expect(
    try routing("limoe-group", "image")
      == SparseMoEAttributes(
        k: 2, activation: .geluTanh, normalizeGates: true, capacityFactor: 0.8, capacityRounding: .round,
        capacityMultiple: 1, group: .tokens(16), batchPriority: true))
  #expect(
    try routing("limoe-token-erf", "text")
      == SparseMoEAttributes(k: 2, activation: .gelu, softmax: .kept, group: .sequence))
  #expect(try routing("limoe-bf16-dispatch", "image")?.dispatchBF16 == true)
  #expect(try routing("limoe-dense", "image") == nil)
}

/// A capacity that reaches the group drops nothing: 7 * 2 * 4 / 4, 68 * 2 * 4 / 8.
@Test(arguments: [("limoe-group-wide", "text"), ("vmoe-dropless", "logits")])
func wideCapacitiesAreDropless(_ name: String, _ signature: String) throws {
  let attributes = try #require(try routing(name, signature))
  #expect(attributes.capacityFactor == 0)
  #expect(attributes.group == .sequence)
}

@Test func droplessRemovesTheCapacity() throws {
  var options = ConversionOptions()
  options.dropless = true
  let attributes = try #require(try routing("limoe-capacity", "image", options: options))
  #expect(attributes.capacityFactor == 0)
  #expect(attributes.k == 2)
}

@Test func configurationGoesIntoTheManifest() throws {
  let folder = try TemporaryFolder()
  try Conversion.plan(source: Fixture.path("limoe-sentencepiece")).write(to: folder.file("out.lmq"))
  let container = try Container.open(path: folder.file("out.lmq"))
  #expect(container.embeddingSize == 16)
  #expect(container.logitScale == 1.5)
  #expect(
    (0..<container.metadataCount).map { container.metadata(at: $0)?.key.text } == ["licence", "source"])
  let preprocessing = try #require(container.imagePreprocessing(at: 0))
  #expect(
    preprocessing
      == ImagePreprocessing(
        height: 16, width: 16, resize: .shortestSide, size: 18, interpolation: .bicubic,
        mean: .init(0.48, 0.46, 0.41), std: .init(0.27, 0.26, 0.28)))
  let tokenizer = try #require(container.tokenizer(at: 0))
  #expect(tokenizer.kind == .sentencepieceUnigram)
  #expect(tokenizer.maxLength == 12)
  #expect(tokenizer.eos == .sticky)
  #expect(tokenizer.eosId == 1)
  #expect(tokenizer.padId == 1)
  #expect(tokenizer.lowerCase)
  #expect(tokenizer.unknownId == 2)
  let signatures = (0..<container.signatureCount).compactMap { container.signature(at: $0) }
  #expect(signatures.map(\.name.text) == ["image", "text"])
  #expect(signatures.map(\.imagePreprocessing) == [0, nil])
  #expect(signatures.map(\.tokenizer) == [nil, 0])
}

/// formats/limoe-checkpoint.md, section 6: with type "none" the ids of end and pad may be left out.
@Test(arguments: ["", ",\"eos\":\"yes\"", ",\"pad_id\":1", ",\"eos_id\":1", ",\"eos\":\"none\""])
func idsMayHaveNoEnd(_ keys: String) throws {
  let folder = try TemporaryFolder()
  var model = TinyModel.limoe
  model.config["tokenizer"] = "{\"type\":\"none\"\(keys)}"
  try model.write(to: folder)
  try Conversion.plan(source: folder.path).write(to: folder.file("model.lmq"))
  let entry = try #require(try Container.open(path: folder.file("model.lmq")).tokenizer(at: 0))
  #expect(entry.kind == .idsOnly)
  #expect(entry.eos == (keys.contains("eos_id") ? .sticky : .none))
}

@Test func thePlanSaysWhatItWillDo() throws {
  let plan = try Conversion.plan(source: Fixture.path("limoe-odd"))
  let text = plan.description
  for line in [
    "limoe", "signatures: image, text", "embedding size: 7",
    "tensor embedding/kernel: f32 panel32 [75, 35], 19200 bytes, from embedding/kernel F32 [5, 5, 3, 35]",
    "tensor Embed_0/embedding: f32 rows [40, 35], 5600 bytes, from Embed_0/embedding F32 [40, 35]",
    "bank Encoder/encoderblock_1/Moe/Mlp: 3 experts 35 x 33 x 35, f32, 53760 bytes",
  ] { #expect(text.contains(line), "\(line)") }
  #expect(plan.totalBytes == plan.tensors.reduce(0) { $0 + $1.bytes } + 53760)
}
