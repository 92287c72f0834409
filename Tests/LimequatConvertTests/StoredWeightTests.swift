import LimequatBytes
import LimequatCheckpoint
import LimequatContainer
import LimequatTensor
import LimequatTestSupport
import Testing

@testable import LimequatConvert

private func widen(_ bytes: UnsafeRawBufferPointer, _ index: Int, _ type: ElementType) -> Float {
  switch type {
  case .f16: Half.widen(bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self))
  case .bf16: BFloat16.widen(bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self))
  default: Float(bitPattern: bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self))
  }
}

/// What a value becomes when it is stored in a type.
private func stored(_ value: Float, _ type: ElementType) -> Float {
  switch type {
  case .f16: Half.widen(Half.round(value))
  case .bf16: BFloat16.widen(BFloat16.round(value))
  default: value
  }
}

/// All values of a checkpoint tensor, and its type.
private func values(_ checkpoint: Checkpoint, _ name: String) throws -> (values: [Float], type: ElementType) {
  let tensor = checkpoint.tensors[try #require(checkpoint.index(of: name))]
  let type = try #require(tensor.type.weight)
  var bytes = [UInt8](repeating: 0, count: tensor.size)
  try bytes.withUnsafeMutableBytes {
    try checkpoint.read(
      try #require(checkpoint.index(of: name)), leading: 0..<(tensor.shape.rank == 0 ? 1 : tensor.shape[0]),
      into: $0)
  }
  return (bytes.withUnsafeBytes { raw in (0..<raw.count / type.size).map { widen(raw, $0, type) } }, type)
}

/// Whether panels of (inputs, outputs) hold the matrix at `first` of `values`, and zeros beyond it.
private func holds(
  _ panels: UnsafeRawBufferPointer, _ type: ElementType, _ values: [Float], first: Int, inputs: Int,
  outputs: Int
) -> Bool {
  let width = (outputs + 31) / 32 * 32
  for row in 0..<inputs {
    for column in 0..<width {
      let place = (column / 32 * inputs + row) * 32 + column % 32
      let want = column < outputs ? stored(values[first + row * outputs + column], type) : 0
      if widen(panels, place, type) != want { return false }
    }
  }
  return true
}

private let cases = [
  "limoe-small", "limoe-odd", "limoe-token-erf", "limoe-capacity", "limoe-container", "vmoe-bf16-dispatch",
]
.flatMap { name in ConversionOptions.WeightType.allCases.map { (name, $0) } }

@Test(arguments: cases) func storesEveryWeight(_ name: String, _ weights: ConversionOptions.WeightType) throws
{
  let folder = try TemporaryFolder()
  var options = ConversionOptions()
  options.weights = weights
  let plan = try Conversion.plan(source: Fixture.path(name), options: options)
  try plan.write(to: folder.file("out.lmq"))
  let container = try Container.open(path: folder.file("out.lmq"))
  let checkpoint = try Checkpoint.open(folder: Fixture.path(name))
  #expect(container.tensorCount == plan.tensors.count)
  for index in 0..<container.tensorCount {
    let entry = try #require(container.tensor(at: index))
    let (want, type) = try values(checkpoint, entry.name.text)
    let isMatrix = ["kernel", "embedding"].contains(entry.name.text.split(separator: "/").last ?? "")
    let isExact = !isMatrix || entry.name.text.contains("Router")
    let asked: ElementType = ["f16": .f16, "bf16": .bf16, "f32": .f32][weights.rawValue] ?? type
    #expect(entry.type == (isExact ? .f32 : asked), "\(entry.name.text)")
    let bytes = try #require(container.bytes(offset: entry.offset, size: entry.size))
    if entry.layout == .panel32 {
      #expect(
        holds(bytes, entry.type, want, first: 0, inputs: entry.shape[0], outputs: entry.shape[1]),
        "\(entry.name.text)")
    } else {
      #expect((0..<want.count).allSatisfy { widen(bytes, $0, entry.type) == stored(want[$0], entry.type) })
    }
  }
  for index in 0..<container.bankCount {
    let bank = try #require(container.bank(at: index))
    let (inputs, hidden) = (bank.inputSize, bank.hiddenSize)
    let parts = try ["Dense_0/kernel", "Dense_0/bias", "Dense_1/kernel", "Dense_1/bias"].map {
      try values(checkpoint, "\(bank.name.text)/\($0)")
    }
    for number in 0..<bank.expertCount {
      let expert = try #require(bank.expert(at: number))
      let encoding = try #require(expert.encoding)
      #expect(encoding == ["f16": .f16, "bf16": .bf16, "f32": .f32][weights.rawValue] ?? parts[0].type)
      let block = try #require(bank.block(encoding: encoding))
      let bytes = try #require(container.bytes(offset: expert.offset, size: expert.size))
      for (matrix, kernel, bias) in [(block.first, 0, 1), (block.second, 2, 3)] {
        let panels = UnsafeRawBufferPointer(rebasing: bytes[matrix.panels])
        #expect(
          holds(
            panels, encoding, parts[kernel].values, first: number * inputs * hidden, inputs: matrix.inputs,
            outputs: matrix.outputs))
        for output in 0..<matrix.paddedOutputs {
          let want = output < matrix.outputs ? parts[bias].values[number * matrix.outputs + output] : 0
          #expect(widen(bytes, matrix.bias / 4 + output, .f32) == want)
        }
      }
    }
  }
}

@Test func mixedExpertsBecomeF32() throws {
  var model = TinyModel.limoe
  model.tensors["Encoder/encoderblock_1/Moe/Mlp/Dense_0/kernel"] =
    .init("BF16", [2, 4, 6], [UInt8](repeating: 0, count: 96))
  let folder = try TemporaryFolder()
  try model.write(to: folder)
  #expect(try Conversion.plan(source: folder.path).banks.map(\.encoding) == [.f32])
}
