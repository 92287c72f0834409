import Foundation
import LimequatBytes
import LimequatTestSupport
import Testing

@testable import Limequat

/// An image of some size with pixels that depend on `seed`.
private func image(_ seed: UInt64, width: Int = 20, height: Int = 13) throws -> RGBImage {
  var random = SeededRandom(seed: seed)
  let pixels = (0..<width * height * 3).map { _ in UInt8.random(in: 0...255, using: &random) }
  return try RGBImage(width: width, height: height, pixels: pixels)
}

struct SessionTests {
  @Test func factsOfTheDigits() throws {
    let model = try TestModels.digits.get().session().model
    #expect(model.embeddingSize == 64)
    #expect(model.tokenCount == 16)
    #expect(model.formatVersion == (1, 0))
    #expect(model.logitScale != nil)
    #expect(model.metadata.contains { $0.key == "licence" && $0.value == "Apache-2.0" })
    #expect(model.signatures.map(\.name) == ["image", "text"])
    let image = model.signatures[0]
    #expect(image.imageSize?.height == 32 && image.imageSize?.width == 32 && !image.hasTokenizer)
    #expect(image.inputs[0].name == "image" && image.inputs[0].type == "f32")
    #expect(image.inputs[0].dims == [nil, 32, 32, 3])
    #expect(image.outputs[0].name == "embedding" && image.outputs[0].dims == [nil, 64])
    #expect(model.signatures[1].inputs[0].dims == [nil, 16] && model.signatures[1].hasTokenizer)
  }

  /// The same bits alone, in a batch, in pieces, with one thread and with two.
  @Test func batchesDoNotMatter() throws {
    let file = try TestModels.digits.get()
    let images = try (0..<11).map { try image($0, width: 5 + Int($0), height: 30 - Int($0)) }
    let texts = (0..<40).map { "the number \($0 % 7) of \($0)" }
    let whole = try file.session(.init(threads: 2), .init(imagesAtOnce: 100, textsAtOnce: 100))
    let pieces = try file.session(.init(threads: 1), .init(imagesAtOnce: 3, textsAtOnce: 7))
    let imageVectors = try whole.embed(images: images)
    let textVectors = try whole.embed(texts: texts)
    #expect(try pieces.embed(images: images) == imageVectors)
    #expect(try pieces.embed(texts: texts) == textVectors)
    for index in images.indices {
      #expect(try whole.embed(images: [images[index]]) == [imageVectors[index]])
    }
    #expect(try whole.embed(texts: [texts[39]]) == [textVectors[39]])
    #expect(try whole.embed(images: []) == [])
    #expect(try whole.embed(texts: []) == [])
    let labels = (0..<5).map { "label \($0)" }
    let templates = ["a {}", "the {} and {}", "{}"]
    #expect(
      try whole.embed(labels: labels, templates: templates)
        == pieces.embed(labels: labels, templates: templates))
  }

  @Test func labelsAreMeansOfPrompts() throws {
    let session = try TestModels.digits.get().session()
    let found = try session.embed(labels: ["six"], templates: ["a {}", "digit {}"])[0]
    let prompts = try session.embed(texts: ["a six", "digit six"])
    let mean = zip(prompts[0], prompts[1]).map { (Double($0) + Double($1)) / 2 }
    let length = mean.map { $0 * $0 }.reduce(0, +).squareRoot()
    for (a, b) in zip(found, mean) { #expect(abs(Double(a) - b / length) < 1e-6) }
    let alone = try session.embed(labels: ["six"])[0]
    for (a, b) in zip(alone, try session.embed(texts: ["six"])[0]) { #expect(abs(a - b) < 1e-6) }
  }

  @Test func classifyIsEmbedAndScore() throws {
    let session = try TestModels.digits.get().session()
    let images = try (0..<3).map { try image($0) }
    let labels = ["zero", "one", "two"]
    let scores = try session.classify(images: images, labels: labels, templates: ["a {}"])
    let imageVectors = try session.embed(images: images)
    let labelVectors = try session.embed(labels: labels, templates: ["a {}"])
    #expect(try session.score(images: imageVectors, labels: labelVectors) == scores)
    for row in scores { #expect(abs(row.reduce(0, +) - 1) < 1e-6) }
  }

  /// A call of a model with finite capacity is one group: it is never cut.
  @Test func modelsThatDependOnTheBatch() throws {
    let capacity = try TestModels.batchCapacity.get().session().model
    #expect(capacity.dependsOnBatch(Name("image")))
    #expect(capacity.dependsOnBatch(Name("text")))
    #expect(!capacity.dependsOnBatch(Name("sound")))
    #expect(try !TestModels.digits.get().session().model.dependsOnBatch(Name("image")))
    // Capacity 4 * 68 tokens: nothing can drop.
    #expect(try !TestModels.vmoe.get().session().model.dependsOnBatch(Name("logits")))
  }

  @Test func cancellingLasts() throws {
    let session = try TestModels.digits.get().session()
    session.setCancelled(true)
    for _ in 0..<2 {
      let error = #expect(throws: LimequatError.self) { try session.embed(texts: ["one"]) }
      #expect(error?.code == .cancelled)
    }
    session.setCancelled(false)
    #expect(try session.embed(texts: ["one"]).count == 1)
  }

  @Test func whatAModelDoesNotDo() throws {
    func code(_ body: () throws -> Void) -> LimequatError.Code? {
      #expect(throws: LimequatError.self, performing: body)?.code
    }
    let vmoe = try TestModels.vmoe.get().session()
    #expect(code { _ = try vmoe.embed(texts: ["one"]) } == .unsupported)
    #expect(code { _ = try vmoe.embed(images: [image(1)]) } == .unsupported)
    #expect(code { _ = try vmoe.tokenize(["one"]) } == .unsupported)
    #expect(code { _ = try vmoe.score(images: [[]], labels: [[]]) } == .unsupported)
    let idsOnly = try TestModels.batchCapacity.get().session()
    #expect(code { _ = try idsOnly.embed(texts: ["one"]) } == .unsupported)
    #expect(code { _ = try idsOnly.embed(images: [image(1)]) } == .unsupported)
    let digits = try TestModels.digits.get()
    #expect(code { _ = try digits.session(.init(memoryBudget: 1)) } == .argument)
    #expect(code { _ = try digits.session(.init(memoryBudget: 0)) } == .argument)
    #expect(code { _ = try digits.session(.init(memoryBudget: 1 << 20, isResident: true)) } == .argument)
    #expect(code { _ = try digits.session(.init(kernels: "abacus")) } == .unsupported)
    #expect(code { _ = try digits.session(.init(threads: -1)) } == .argument)
    #expect(code { _ = try digits.session(.init(threads: 100_000)) } == .argument)
    #expect(code { _ = try digits.session(.init(), .init(imagesAtOnce: -1)) } == .argument)
    #expect(code { _ = try RGBImage(width: 2, height: 2, pixels: [1, 2, 3]) } == .shape)
    #expect(code { _ = try RGBImage(width: 1 << 62, height: 8, pixels: []) } == .shape)
    #expect(code { _ = try Model.open(path: "/no/such/file") } == .io)
    #expect(code { _ = try Model.open(descriptor: -1) } == .io)
  }

  @Test func runRefuses() throws {
    let session = try TestModels.digits.get().session()
    func code(_ signature: String, _ inputs: [(String, Tensor)]) -> LimequatError.Code? {
      #expect(throws: LimequatError.self) {
        _ = try session.run(signature, inputs.map { (name: $0.0, tensor: $0.1) })
      }?.code
    }
    let ids = Tensor(dims: [1, 16], values: .i32(Array(repeating: 3, count: 16)))
    #expect(code("sound", [("token_ids", ids)]) == .notFound)
    #expect(code("text", [("tokens", ids)]) == .notFound)
    #expect(code("text", []) == .notFound)
    #expect(code("text", [("token_ids", ids), ("token_ids", ids)]) == .argument)
    #expect(
      code("text", [("token_ids", Tensor(dims: [1, 16], values: .f32(Array(repeating: 0, count: 16))))])
        == .type)
    #expect(code("text", [("token_ids", Tensor(dims: [2, 16], values: ids.values))]) == .shape)
    #expect(code("text", [("token_ids", Tensor(dims: [16], values: ids.values))]) == .shape)
    #expect(code("text", [("token_ids", Tensor(dims: [-1, 16], values: ids.values))]) == .shape)
    let wrong = Tensor(dims: [1, 16], values: .i64(Array(repeating: 512, count: 16)))
    #expect(code("text", [("token_ids", wrong)]) == .value)
  }

  /// A flipped bit of a weight is found by the checksum when it is asked for.
  @Test func damageIsFoundOnRequest() throws {
    var bytes = try LimequatTestSupport.bytes(ofFile: TestModels.digits.get().path)
    bytes[4096 + 7] ^= 1
    let folder = try TemporaryFolder()
    try folder.write("damaged.lmq", bytes)
    let error = #expect(throws: LimequatError.self) {
      try Model.open(path: folder.file("damaged.lmq"), options: .init(verification: .whileOpening))
    }
    #expect(error?.code == .checksum)
    #expect(error?.message.contains("damaged.lmq") == true)
    #expect(throws: Never.self) {
      try Model.open(path: TestModels.digits.get().path, options: .init(verification: .whileOpening))
    }
  }
}
