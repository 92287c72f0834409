import LimequatBytes
import LimequatContainer
import LimequatTensor
import Testing

@Suite struct RoundTripTests {
  @Test(arguments: [Container.Access.mapped, .positioned])
  func writtenIsRead(access: Container.Access) throws {
    let path = TemporaryPath()
    let writer = try ContainerWriter.create(path: path.text)
    try writer.beginTensor("b", type: .f32, layout: .rows, shape: Shape(of: 2, 3))
    try writer.write(floats: [1, 2, 3, 4, 5, 6])
    try writer.end()
    try writer.beginBank(BankDraft(name: "moe", inputSize: 4, hiddenSize: 8, outputSize: 4))
    let block = try #require(
      ExpertBlock(inputSize: 4, hiddenSize: 8, outputSize: 4, isGated: false, encoding: .f32))
    try writer.beginExpert(encoding: .f32, usage: [("text", 0.5), ("image", 0.25)])
    try writer.write(zeros: block.size)
    try writer.end()
    try writer.absentExpert()
    try writer.endBank()
    try writer.beginTensor("a", type: .f16, layout: .panel32, shape: Shape(of: 3, 40))
    try writer.write(zeros: 3 * 64 * 2)
    try writer.end()
    var draft = ManifestDraft()
    draft.embeddingSize = 4
    draft.logitScale = 2.5
    draft.metadata = [("z", "last"), ("licence", "none")]
    draft.signatures = [SignatureDraft(name: "text", model: [8, 10], modality: "text")]
    try writer.finish(draft)

    let container = try Container.open(path: path.text, access: access)
    #expect(container.tensorCount == 2)
    #expect(container.tensor(at: 0)?.name.text == "a")
    let b = try #require(container.tensorIndex(Name("b")).flatMap { container.tensor(at: $0) })
    #expect(b.shape == Shape(of: 2, 3))
    #expect(b.offset == 64)
    #expect(container.tensorIndex(Name("c")) == nil)
    #expect(container.metadata(at: 0)?.key.text == "licence")
    #expect(container.logitScale == 2.5)
    #expect(container.expert(bank: 0, index: 0)?.offset == 4096)
    #expect(container.expert(bank: 0, index: 0)?.usage(at: 0)?.modality.text == "image")
    #expect(container.expert(bank: 0, index: 1)?.encoding == nil)
    #expect((container.bytes(offset: 64, size: 24) == nil) == (access == .positioned))
    var value: Float = 0
    try withUnsafeMutableBytes(of: &value) { try container.read(offset: b.offset + 8, into: $0) }
    #expect(value == 3)
    try container.verify()
  }
}
