/// SplitMix64: the same numbers for the same seed, everywhere.
public struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Some bytes changed, cut out, doubled or cut off: what a fuzzer would try first.
  public mutating func damage(_ bytes: [UInt8]) -> [UInt8] {
    var result = bytes
    for _ in 0..<Int.random(in: 1...4, using: &self) where !result.isEmpty {
      let place = Int.random(in: 0..<result.count, using: &self)
      switch Int.random(in: 0..<6, using: &self) {
      case 0: result[place] = UInt8.random(in: 0...255, using: &self)
      case 1: result[place] ^= 1 << UInt8.random(in: 0..<8, using: &self)
      case 2: result[place] = [0, 0x7F, 0x80, 0xFF].randomElement(using: &self) ?? 0
      case 3: result.removeSubrange(place..<min(place + Int.random(in: 1...16, using: &self), result.count))
      case 4:
        result.insert(
          contentsOf: result[place..<min(place + Int.random(in: 1...16, using: &self), result.count)],
          at: place)
      default: result.removeLast(min(Int.random(in: 1...64, using: &self), result.count))
      }
    }
    return result
  }
}
