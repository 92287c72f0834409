/// Random numbers of one tensor, each found from its index alone: the same on every processor, in any order,
/// with any number of threads.
///
/// `key` begins as mix(seed) and takes each byte of the tensor's name by key = mix(key xor byte). Elements 2i
/// and 2i + 1 are the lower and the upper 32 bits u of mix(key + (i + 1) * 0x9E3779B97F4A7C15), which is
/// SplitMix64. Each becomes the normal quantile of (u + 1/2) / 2^32 by algorithm AS 241, PPND7 (Wichura,
/// Applied Statistics 37, 1988; relative error about 1e-7), in f64 without fused operations. Its branch for
/// probabilities under 1.4e-11 is never met.
struct NormalStream: Sendable {
  private let key: UInt64

  init(seed: UInt64, name: String) {
    var key = NormalStream.mix(seed)
    for byte in name.utf8 { key = NormalStream.mix(key ^ UInt64(byte)) }
    self.key = key
  }

  /// Standard normal numbers of the elements 2 * pair and 2 * pair + 1.
  func pair(_ pair: Int) -> (Double, Double) {
    // Wraps by definition.
    let bits = NormalStream.mix(key &+ (UInt64(truncatingIfNeeded: pair) &+ 1) &* 0x9E37_79B9_7F4A_7C15)
    return (
      NormalStream.quantile(UInt32(truncatingIfNeeded: bits)),
      NormalStream.quantile(UInt32(truncatingIfNeeded: bits >> 32))
    )
  }

  /// The output function of SplitMix64 (Stafford's variant 13).
  static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  static func quantile(_ bits: UInt32) -> Double {
    let p = (Double(bits) + 0.5) / 4_294_967_296
    let q = p - 0.5
    if abs(q) <= 0.425 {
      let r = 0.180625 - q * q
      let above = ((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179
      let below = ((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1
      return q * above / below
    }
    let r = (-logarithm(q < 0 ? p : 1 - p)).squareRoot() - 1.6
    let above = ((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777
    let below = (0.12021132975 * r + 0.73700164250) * r + 1
    return q < 0 ? -(above / below) : above / below
  }

  /// The natural logarithm of a normal number, within 1e-14 of it. libm's differs from machine to machine.
  static func logarithm(_ value: Double) -> Double {
    var exponent = Double(value.exponent)
    var significand = value.significand
    if significand > 1.4142135623730951 {
      significand /= 2
      exponent += 1
    }
    // log m = 2 artanh s, |s| < 0.172: the next term of the series is under 1e-15.
    let s = (significand - 1) / (significand + 1)
    let square = s * s
    var sum: Double = 1 / 17
    sum = sum * square + 1 / 15
    sum = sum * square + 1 / 13
    sum = sum * square + 1 / 11
    sum = sum * square + 1 / 9
    sum = sum * square + 1 / 7
    sum = sum * square + 1 / 5
    sum = sum * square + 1 / 3
    sum = sum * square + 1
    return exponent * 0.6931471805599453 + 2 * s * sum
  }
}
