import Foundation
import LimequatCheckpoint
import LimequatTensor
import LimequatTestSupport
import Testing

private let fixtures = packageRoot + "/Tests/Fixtures/checkpoints"
private let names = [
  "limoe-small", "limoe-capacity", "limoe-container", "vmoe-dropless", "vmoe-capacity", "vmoe-bf16-dispatch",
]

/// What NumPy readers (Tests/Fixtures/checkpoint_files.py) found: name, shape, and a sum over all elements.
private struct Expected: Decodable {
  let name: String
  let shape: [Int]
  let sum: UInt64
}

private let expected = try! JSONDecoder().decode(
  [String: [Expected]].self,
  from: Data(
    contentsOf: URL(fileURLWithPath: packageRoot + "/Tests/LimequatCheckpointTests/Fixtures/tensors.json")))

/// The sum over f32 bits, each times its place, modulo 2^64: knows order and value of every element.
private func sum(_ bytes: [UInt8], _ type: ScalarType) -> UInt64 {
  var total: UInt64 = 0
  let size = type.bits / 8
  for place in 0..<bytes.count / size {
    let bits = (0..<size).reduce(UInt32(0)) { $0 | UInt32(bytes[place * size + $1]) << UInt32(8 * $1) }
    let value: Float =
      switch type {
      case .f16: Half.widen(UInt16(bits))
      case .bf16: BFloat16.widen(UInt16(bits))
      default: Float(bitPattern: bits)
      }
    total &+= UInt64(place + 1) &* UInt64(value.bitPattern)
  }
  return total
}

@Test(arguments: names) func readsFixture(_ name: String) throws {
  let checkpoint = try Checkpoint.open(folder: "\(fixtures)/\(name)")
  let wanted = try #require(expected[name])
  #expect(checkpoint.tensors.map(\.name) == wanted.map(\.name))
  for (tensor, want) in zip(checkpoint.tensors, wanted) {
    #expect(tensor.shape == Shape(want.shape))
    #expect(sum(try read(checkpoint, tensor.name), tensor.type) == want.sum, "\(tensor.name)")
  }
}

@Test(arguments: names) func slicesAreThoseOfTheWhole(_ name: String) throws {
  let checkpoint = try Checkpoint.open(folder: "\(fixtures)/\(name)")
  var random = SeededRandom(seed: 1)
  for (index, tensor) in checkpoint.tensors.enumerated() where tensor.shape.rank > 0 {
    let whole = try read(checkpoint, tensor.name)
    let row = whole.count / tensor.shape[0]
    let low = Int.random(in: 0..<tensor.shape[0], using: &random)
    let high = Int.random(in: low...tensor.shape[0], using: &random)
    var part = [UInt8](repeating: 0, count: (high - low) * row)
    try part.withUnsafeMutableBytes { try checkpoint.read(index, leading: low..<high, into: $0) }
    #expect(part == Array(whole[low * row..<high * row]))
  }
}

@Test func refusesASliceThatIsNone() throws {
  let checkpoint = try Checkpoint.open(folder: "\(fixtures)/limoe-small")
  let index = try #require(checkpoint.index(of: "head_text/kernel"))
  var bytes = [UInt8](repeating: 0, count: 4)
  for range in [0..<49, -1..<1, 0..<1] {
    #expect(throws: CheckpointError.self) {
      try bytes.withUnsafeMutableBytes { try checkpoint.read(index, leading: range, into: $0) }
    }
  }
}
