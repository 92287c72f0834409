import Foundation
import LimequatTestSupport
import Testing

@testable import Limequat

/// Ids and vectors against what PyTorch, SentencePiece and Google's encoder made of the same checkpoints.
struct ReferenceTests {
  static let digits = packageRoot + "/examples/digits"

  private func lines(_ path: String) throws -> [String] {
    var lines = try String(contentsOfFile: path, encoding: .utf8).components(separatedBy: "\n")
    lines.removeLast()
    return lines
  }

  @Test func digitsTexts() throws {
    let session = try TestModels.digits.get().session()
    let texts = try lines(Self.digits + "/reference/texts.txt")
    try #require(texts.count == 30)
    let ids = try NumpyFile(Self.digits + "/reference/token_ids.npy").integers()
    #expect(try session.tokenize(texts).flatMap { $0 } == ids)
    let vectors = try session.embed(texts: texts)
    #expect(try NumpyFile(Self.digits + "/reference/text_embedding.npy").distance(to: vectors) < 2e-6)
  }

  @Test func sentencepieceFixture() throws {
    let session = try TestModels.sentencepiece.get().session()
    let folder = TestModels.fixture("limoe-sentencepiece")
    let texts = try JSONDecoder().decode(
      [String].self, from: Data(contentsOf: URL(fileURLWithPath: folder + "/texts.json")))
    #expect(try session.tokenize(texts).flatMap { $0 } == NumpyFile(folder + "/token_ids.npy").integers())
    let vectors = try session.embed(texts: texts)
    #expect(try NumpyFile(folder + "/text_embedding.npy").distance(to: vectors) < 2e-5)

    let images = try NumpyFile(folder + "/images.npy")
    let tensor = Tensor(dims: images.shape, values: .f32(try images.floats()))
    let results = try session.run("image", [("image", tensor)])
    try #require(results.count == 1 && results[0].name == "embedding")
    guard case .f32(let found) = results[0].tensor.values else {
      Issue.record("no f32")
      return
    }
    #expect(results[0].tensor.dims == [images.shape[0], 16])
    #expect(try NumpyFile(folder + "/image_embedding.npy").distance(to: [found]) < 2e-5)
  }

  @Test func scoresOfTheFixture() throws {
    let session = try TestModels.sentencepiece.get().session()
    let folder = TestModels.fixture("limoe-sentencepiece")
    let images = try NumpyFile(folder + "/image_embedding.npy")
    let texts = try NumpyFile(folder + "/text_embedding.npy")
    func rows(_ file: NumpyFile) throws -> [[Float]] {
      let values = try file.floats()
      return (0..<file.shape[0]).map { Array(values[$0 * file.shape[1]..<($0 + 1) * file.shape[1]]) }
    }
    let found = try session.score(images: rows(images), labels: rows(texts))
    // The file has exp(t) * dot; the probabilities are its softmax, here in f64.
    let scores = try rows(NumpyFile(folder + "/scores.npy"))
    for (row, expected) in zip(found, scores) {
      let highest = expected.max() ?? 0
      let powers = expected.map { exp(Double($0 - highest)) }
      let sum = powers.reduce(0, +)
      for (a, b) in zip(row, powers) { #expect(abs(Double(a) - b / sum) < 1e-5) }
    }
  }

  @Test func vmoeLogits() throws {
    let session = try TestModels.vmoe.get().session()
    let folder = TestModels.fixture("vmoe-dropless")
    let images = try NumpyFile(folder + "/images.npy")
    let results = try session.run(
      "logits", [("image", Tensor(dims: images.shape, values: .f32(try images.floats())))])
    guard case .f32(let found) = results[0].tensor.values else {
      Issue.record("no f32")
      return
    }
    #expect(try NumpyFile(folder + "/logits.npy").distance(to: [found]) < 2e-5)
  }
}
