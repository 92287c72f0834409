import LimequatContainer
import LimequatTensor
import Testing

@Suite struct ExpertBlockTests {
  /// The worked example of formats/container.md, section 5.
  @Test func workedExample() throws {
    let block = try #require(
      ExpertBlock(inputSize: 512, hiddenSize: 2048, outputSize: 512, isGated: false, encoding: .int8))
    #expect(block.first.panels == 0..<1_048_576)
    #expect(block.first.scales == 1_048_576)
    #expect(block.first.rowSums == 1_056_768)
    #expect(block.first.bias == 1_064_960)
    #expect(block.gate == nil)
    #expect(block.second.panels == 1_073_152..<2_121_728)
    #expect(block.second.scales == 2_121_728)
    #expect(block.second.rowSums == 2_123_776)
    #expect(block.second.bias == 2_125_824)
    #expect(block.size == 2_127_872)
  }

  /// The small example of the same section, and two-byte types.
  @Test(arguments: [(ElementType.f32, 7424), (.int8, 4096), (.f16, 4032), (.bf16, 4032)])
  func paddedAndGated(encoding: ElementType, size: Int) throws {
    let block = try #require(
      ExpertBlock(inputSize: 5, hiddenSize: 33, outputSize: 5, isGated: true, encoding: encoding))
    #expect(block.size == size)
    #expect(block.gate?.panels.lowerBound == block.first.end)
    #expect(block.first.paddedOutputs == 64)
    #expect(block.second.paddedOutputs == 32)
    #expect(block.second.inputs == 33)
    #expect((block.first.scales == nil) == (encoding != .int8))
    for part in [block.first, block.gate, block.second].compactMap({ $0 }) {
      #expect(part.panels.lowerBound % 64 == 0 && part.bias % 64 == 0 && part.end % 64 == 0)
    }
  }

  @Test(arguments: [(0, 1, 1), (1, 131_073, 1), (1, 1, -1), (Int.max, Int.max, Int.max)])
  func widthsOutOfRangeAreRefused(input: Int, hidden: Int, output: Int) {
    let block = ExpertBlock(
      inputSize: input, hiddenSize: hidden, outputSize: output, isGated: false, encoding: .f32)
    #expect(block == nil)
  }

  @Test(arguments: [ElementType.u8, .i32, .i64, .bool])
  func otherTypesAreRefused(encoding: ElementType) {
    #expect(
      ExpertBlock(inputSize: 1, hiddenSize: 1, outputSize: 1, isGated: false, encoding: encoding) == nil)
  }
}
