internal import Foundation
internal import LimequatBytes
internal import LimequatCheckpoint
internal import LimequatConvert
internal import LimequatTensor
internal import LimequatTestSupport
internal import Testing

@testable internal import LimequatSynth

@Suite struct SynthesisTests {
  /// Four layers, two with experts; under 1 MB.
  static let small: ModelSizes = {
    var sizes = ModelSizes(
      layers: 4, width: 32, heads: 4, hidden: 48, experts: 3, moeLayers: [1, 3], patch: 4)
    sizes.image = 8
    sizes.vocabulary = 500
    sizes.textLength = 6
    sizes.projection = 16
    return sizes
  }()

  private func write(
    _ path: String, seed: UInt64 = 3, type: ElementType = .f32, limit: Int = 4 << 30
  ) throws {
    var synthesis = Synthesis(name: "small", sizes: Self.small, seed: seed, type: type)
    synthesis.shardLimit = limit
    try synthesis.write(to: path) { _, _ in }
  }

  private func content(_ path: String) throws -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: path) {
      files[name] = try bytes(ofFile: "\(path)/\(name)")
    }
    return files
  }

  private func values(_ checkpoint: Checkpoint, _ name: String) throws -> [Float] {
    let index = try #require(checkpoint.index(of: name))
    let tensor = checkpoint.tensors[index]
    let rows = tensor.shape.rank == 0 ? 1 : tensor.shape[0]
    var values = [Float](repeating: 0, count: tensor.size / 4)
    try values.withUnsafeMutableBytes { try checkpoint.read(index, leading: 0..<rows, into: $0) }
    return values
  }

  @Test(arguments: [ElementType.f32, .bf16], [4 << 30, 40_000])
  func theConverterTakesIt(type: ElementType, limit: Int) throws {
    let folder = try TemporaryFolder()
    try write(folder.file("model"), type: type, limit: limit)
    let names = Set(try content(folder.file("model")).keys)
    #expect(names.contains("model.safetensors") == (limit > 1 << 20))
    #expect(names.contains("model.safetensors.index.json") == (limit < 1 << 20))
    try Conversion.plan(source: folder.file("model")).write(to: folder.file("model.lmq")) { _, _ in }
    #expect(try bytes(ofFile: folder.file("model.lmq")).count > 100_000)
  }

  @Test func theSameSeedGivesTheSameBytesAndAnotherDoesNot() throws {
    let folder = try TemporaryFolder()
    try write(folder.file("a"))
    try write(folder.file("b"))
    try write(folder.file("c"), seed: 4)
    let first = try content(folder.file("a"))
    #expect(first == (try content(folder.file("b"))))
    #expect(first["model.safetensors"] != (try content(folder.file("c")))["model.safetensors"])
  }

  @Test func shardsHoldTheSameElements() throws {
    let folder = try TemporaryFolder()
    try write(folder.file("one"))
    try write(folder.file("many"), limit: 20_000)
    let one = try Checkpoint.open(folder: folder.file("one"))
    let many = try Checkpoint.open(folder: folder.file("many"))
    #expect(one.tensors.map(\.name) == many.tensors.map(\.name))
    for tensor in one.tensors {
      #expect(try values(one, tensor.name) == values(many, tensor.name), "\(tensor.name)")
    }
  }

  /// Name, mean and variance.
  static let kinds: [(String, Double, Double)] = [
    ("embedding/kernel", 0, 1.0 / 48), ("Embed_0/embedding", 0, 1),
    ("posembed_image/pos_embedding", 0, 0.25), ("posembed_text/pos_embedding", 0, 0.25),
    ("Encoder/encoderblock_0/SelfAttention/query/kernel", 0, 1.0 / 32),
    ("Encoder/encoderblock_0/SelfAttention/out/kernel", 0, 1.0 / 32),
    ("Encoder/encoderblock_0/Mlp/Dense_1/kernel", 0, 1.0 / 48),
    ("Encoder/encoderblock_1/Moe/Mlp/Dense_0/kernel", 0, 1.0 / 32),
    ("Encoder/encoderblock_1/Moe/Mlp/Dense_1/kernel", 0, 1.0 / 48),
    ("Encoder/encoderblock_1/Moe/Router/dense/kernel", 0, 4.0 / 32),
    ("Encoder/encoderblock_1/Moe/Mlp/Dense_0/bias", 0, 4e-4),
    ("Encoder/encoder_norm/scale", 1, 4e-4), ("Encoder/encoder_norm/bias", 0, 4e-4),
    ("head_text/kernel", 0, 1.0 / 32),
  ]

  /// Within five standard errors.
  @Test(arguments: kinds)
  func distributions(name: String, mean: Double, variance: Double) throws {
    let folder = try TemporaryFolder()
    try write(folder.file("model"))
    let values = try values(try Checkpoint.open(folder: folder.file("model")), name).map(Double.init)
    let count = Double(values.count)
    let found = values.reduce(0, +) / count
    let spread = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    #expect(abs(found - mean) < 5 * (variance / count).squareRoot())
    #expect(abs(spread / variance - 1) < 5 * (2 / count).squareRoot())
  }

  @Test func theMultiplierIsTen() throws {
    let folder = try TemporaryFolder()
    try write(folder.file("model"), type: .bf16)
    let t = try values(try Checkpoint.open(folder: folder.file("model")), "t")
    #expect(t == [2.3025851])
  }

  @Test func anEmptyFolderIsTakenAndAFullOneRefused() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("model")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    try write(path)
    let before = try content(path)
    #expect(throws: SynthError.exists(path: path)) { try write(path, seed: 9) }
    #expect(try content(path) == before)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["model"])
  }

  static let named: [(NamedModel, Int, [Int])] = [
    (.limoeS32, 8, [1, 3, 5, 7]), (.limoeB16, 12, [1, 3, 5, 7, 9, 11]),
    (.limoeL16, 24, [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23]),
    (.limoeH14, 32, [9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31]),
  ]

  /// Parameters counted by hand from the table of formats/limoe-checkpoint.md.
  @Test(arguments: named)
  func namedSizes(model: NamedModel, layers: Int, moeLayers: [Int]) {
    let sizes = model.sizes
    #expect(sizes.layers == layers)
    #expect(sizes.moeLayers == moeLayers)
    let (d, f, e, p) = (sizes.width, sizes.hidden, sizes.experts, sizes.patch)
    let mlp = d * f + f + f * d + d
    let block = 4 * d + 4 * (d * d + d)
    let patches = 224 / p * (224 / p)
    var expected = p * p * 3 * d + d + patches * d + 32_000 * d + 16 * d + layers * block
    expected += (layers - moeLayers.count) * mlp + moeLayers.count * (d * e + e * mlp)
    expected += 2 * d + 2 * d * 512 + 1
    #expect(sizes.tensors(.bf16).reduce(0) { $0 + $1.count } == expected)
  }
}
