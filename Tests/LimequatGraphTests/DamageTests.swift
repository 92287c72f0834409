internal import Foundation
internal import LimequatGraph
import Testing

/// A linear congruential generator (Knuth's MMIX constants): the same damage in every run.
private struct Damage {
  var state: UInt64

  mutating func next(below bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % bound
  }

  mutating func damage(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0...next(below: 4) {
      guard bytes.count > 1 else { return bytes }
      let at = next(below: bytes.count)
      switch next(below: 5) {
      case 0: bytes[at] = UInt8(next(below: 256))
      case 1: bytes[at] ^= 1 << UInt8(next(below: 8))
      case 2: bytes.remove(at: at)
      case 3: bytes.insert(UInt8(next(below: 256)), at: at)
      default: bytes.removeLast(min(next(below: 20), bytes.count - 1))
      }
    }
    return bytes
  }
}

/// Must end, with a graph or an error; a trap would end the test run.
@Test(arguments: ["limoe-image", "limoe-text-lengths", "operators", "other-wire"])
func damagedGraphsNeverTrap(name: String) throws {
  let bytes = [UInt8](try Data(contentsOf: vectors.appendingPathComponent("valid/\(name).onnx")))
  var damage = Damage(state: 20_26)
  var refused = 0
  for _ in 0..<1_000 {
    do {
      let graph = try decode(damage.damage(bytes))
      _ = try dump(graph)
    } catch is GraphError {
      refused += 1
    }
  }
  #expect(refused > 500 && refused < 1_000)
}

/// Damage that keeps the wire whole reaches further: every byte takes a few other values.
@Test func everyChangedByteIsSurvived() throws {
  let bytes = [UInt8](try Data(contentsOf: vectors.appendingPathComponent("valid/operators.onnx")))
  for at in bytes.indices {
    for value in [0, 1, 0x7F, 0x80, 0xFF, bytes[at] &+ 1, bytes[at] &- 1] as [UInt8] {
      var changed = bytes
      changed[at] = value
      do {
        let graph = try decode(changed)
        _ = try inferTestShapes(graph, symbolicDim: 3)
      } catch is GraphError {}
    }
  }
}
