import LimequatBytes
import LimequatContainer
import LimequatTensor
import LimequatTestSupport
import Testing

@testable import LimequatQuantize

/// What a run holds, and that it lets go of it.
@Suite struct RunTests {
  private let folder = try? TemporaryFolder()

  @Test func memoryIsThatOfAFewPanels() throws {
    let folder = try #require(folder)
    let from = folder.file("from.lmq")
    let writer = try ContainerWriter.create(path: from)
    try writer.beginBank(BankDraft(name: "moe", inputSize: 256, hiddenSize: 1024, outputSize: 256))
    let block = try #require(
      ExpertBlock(inputSize: 256, hiddenSize: 1024, outputSize: 256, isGated: false, encoding: .f32))
    let zeros = [UInt8](repeating: 0, count: block.size)
    for _ in 0..<6 {
      try writer.beginExpert(encoding: .f32)
      try writer.write(array: zeros)
      try writer.end()
    }
    try writer.endBank()
    try writer.finish(ManifestDraft())
    let container = try Container.open(path: from, access: .positioned)
    let run = try QuantizationRun(
      container: container, options: QuantizationOptions(),
      writer: try ContainerWriter.create(path: folder.file("to.lmq")), threads: 1, progress: { _, _ in })
    try run.run()
    // Five slots: what is read, codes of a quarter, what is known of rows.
    #expect(run.pipeline.heldBytes <= 5 * (QuantizationRun.chunkSize * 5 / 4 + 24 * 1024))
    #expect(run.pipeline.heldBytes * 3 < container.fileSize)
  }

  @Test func nothingOutlivesAFailure() throws {
    let folder = try #require(folder)
    let from = folder.file("from.lmq")
    let model = TinyModel { name, values in
      if name == "moe/1" { values[0] = .nan }
    }
    try model.write(to: from)
    weak var kept: ContainerWriter?
    do {
      let writer = try ContainerWriter.create(path: folder.file("to.lmq"))
      kept = writer
      let run = try QuantizationRun(
        container: try Container.open(path: from, access: .positioned), options: QuantizationOptions(),
        writer: writer, threads: 2, progress: { _, _ in })
      #expect(throws: QuantizeError.self) { try run.run() }
    }
    #expect(kept == nil)
  }
}
