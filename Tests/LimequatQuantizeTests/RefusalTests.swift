import LimequatBytes
import LimequatContainer
import LimequatTensor
import LimequatTestSupport
import Testing

@testable import LimequatQuantize

/// What is refused is named, and leaves no file.
@Suite struct RefusalTests {
  private let folder = try? TemporaryFolder()

  private func message(_ model: TinyModel, _ options: QuantizationOptions) throws -> String {
    let folder = try #require(folder)
    try model.write(to: folder.file("from.lmq"))
    return try refusal(options)
  }

  /// What quantising `from.lmq` says.
  private func refusal(_ options: QuantizationOptions) throws -> String {
    let folder = try #require(folder)
    let to = folder.file("to.lmq")
    var text = "it was accepted"
    do throws(QuantizeError) {
      _ = try Quantization.run(from: folder.file("from.lmq"), to: to, options: options)
    } catch { text = error.description }
    #expect(throws: BytesError.self) { try File.open(path: to) }
    return text
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func weightsThatAreNotFinite(value: Float) throws {
    let expert = TinyModel { name, values in
      if name == "moe/4" { values[(5 * 32) + 3] = value }
    }
    #expect(
      try message(expert, QuantizationOptions())
        == "expert 4 of bank \"moe\": the first weight of input 5 and output 3 is not finite")
    let bias = TinyModel { name, values in
      if name == "moe/1/bias" { values[7] = value }
    }
    #expect(
      try message(bias, QuantizationOptions())
        == "expert 1 of bank \"moe\": the first bias of output 7 is not finite")
    let matrix = TinyModel { name, values in
      if name == "d/head" { values[(8 + 2) * 32] = value }  // the second panel
    }
    for dense in [QuantizationOptions.Dense.int8, .f16] {
      #expect(
        try message(matrix, QuantizationOptions(dense: dense))
          == "tensor \"d/head\": the weight of input 2 and output 32 is not finite")
    }
    let table = TinyModel { name, values in
      if name == "e/table" { values[69 * 8 + 1] = value }
    }
    for dense in [QuantizationOptions.Dense.int8, .f16] {
      #expect(
        try message(table, QuantizationOptions(dense: dense))
          == "tensor \"e/table\": element 553 is not finite")
    }
    // What is only copied is not looked at.
    try matrix.write(to: try #require(folder).file("from.lmq"))
    _ = try Quantization.run(
      from: try #require(folder).file("from.lmq"), to: try #require(folder).file("kept.lmq"))
  }

  @Test func weightsBeyondHalf() throws {
    let model = TinyModel { name, values in
      if name == "a/patch" { values[11 * 32 + 7] = -70000 }
    }
    #expect(
      try message(model, QuantizationOptions(dense: .int8))
        == "tensor \"a/patch\": the weight of input 11 and output 7 is -70000.0, but f16 ends at 65504")
  }

  @Test(arguments: ["d/head", "moe"])
  func flippedBits(name: String) throws {
    let from = try #require(folder).file("from.lmq")
    try TinyModel().write(to: from)
    let container = try Container.open(path: from)
    let offset = try #require(
      name == "moe" ? container.expert(bank: 0, index: 1)?.offset : container.tensor(name)?.offset)
    var content = try bytes(ofFile: from)
    content[offset + 70] ^= 4
    try #require(folder).write("from.lmq", content)
    let text = try refusal(QuantizationOptions())
    #expect(text.contains(name == "moe" ? "expert 1 of bank \"moe\"" : "tensor 3 \"d/head\""))
    #expect(text.contains("checksum"))
  }

  @Test func graphsThatCannotBeRead() throws {
    let from = try #require(folder).file("from.lmq")
    let writer = try ContainerWriter.create(path: from)
    var draft = ManifestDraft()
    draft.signatures = [SignatureDraft(name: "broken", model: [8, 10], modality: "text")]
    try writer.finish(draft)
    #expect(try refusal(QuantizationOptions(dense: .int8)).hasPrefix("graph of signature \"broken\": "))
    // Experts need no graph.
    _ = try Quantization.run(from: from, to: try #require(folder).file("kept.lmq"))
  }

  @Test func aMissingSource() throws {
    #expect(try refusal(QuantizationOptions()).hasPrefix("reading the model: "))
  }
}
