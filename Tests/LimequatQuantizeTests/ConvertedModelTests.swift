import LimequatBytes
import LimequatContainer
import LimequatConvert
import LimequatTensor
import LimequatTestSupport
import Testing

@testable import LimequatQuantize

/// Checkpoints as the converter writes them: here names tell what a weight is, so they tell what it should
/// become.
@Suite struct ConvertedModelTests {
  @Test(arguments: [
    "limoe-small", "limoe-pads", "limoe-pads-last", "limoe-odd", "vmoe-dropless", "vmoe-bf16-dispatch",
  ])
  func weightsBecomeWhatTheyAreFor(name: String) throws {
    let folder = try TemporaryFolder()
    let (from, to) = (folder.file("from.lmq"), folder.file("to.lmq"))
    try Conversion.plan(source: packageRoot + "/Tests/Fixtures/checkpoints/" + name).write(to: from)
    let report = try Quantization.run(from: from, to: to, options: QuantizationOptions(dense: .int8))
    let (before, after) = (try Container.open(path: from), try Container.open(path: to))
    try after.verify()
    #expect(after.fileSize < before.fileSize)
    #expect(after.tensorCount == before.tensorCount && after.bankCount == before.bankCount)
    #expect(report.banks.allSatisfy { $0.experts.allSatisfy { $0.to == "int8" && $0.snr ?? 0 > 35 } })
    for index in 0..<after.tensorCount {
      let (old, new) = (try #require(before.tensor(at: index)), try #require(after.tensor(at: index)))
      let tensor = new.name.text
      let expected: ElementType =
        if tensor.hasSuffix("Embed_0/embedding") {
          .int8
        } else if tensor.hasSuffix("embedding/kernel") {
          .f16
        } else if tensor.hasSuffix("kernel"), !tensor.contains("Router") {
          .int8
        } else {
          old.type
        }
      #expect(new.type == expected, "\(tensor)")
    }
  }
}
