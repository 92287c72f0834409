/// bfloat16 as bits: the upper half of an f32.
public enum BFloat16 {
  /// Nearest even; a NaN stays one.
  public static func round(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if value.isNaN { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }  // the upper half, kept quiet
    // At most 0xFF80_0000 + 0x8000: cannot overflow, since NaNs are gone.
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
  }

  /// Exact.
  public static func widen(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }
}

/// IEEE half precision as bits, in integer arithmetic, so that it is the same on every processor.
public enum Half {
  /// Exact.
  public static func widen(_ bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10 & 31)
    let fraction = UInt32(bits & 1023)
    switch exponent {
    case 0:
      // Denormal: fraction * 2^-24, exact in f32.
      let magnitude = Float(fraction) * Float(sign: .plus, exponent: -24, significand: 1)
      return Float(bitPattern: magnitude.bitPattern | sign)
    case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }

  /// Nearest even; beyond the largest half, infinity.
  public static func round(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    let sign = UInt16(truncatingIfNeeded: bits >> 16 & 0x8000)
    let magnitude = bits & 0x7FFF_FFFF
    if magnitude > 0x7F80_0000 { return sign | 0x7E00 }
    if magnitude >= 0x477F_F000 { return sign | 0x7C00 }  // 65520 and more
    if magnitude < 0x3880_0000 {  // below 2^-14: a denormal half, a multiple of 2^-24
      let steps = Float(bitPattern: magnitude) * Float(sign: .plus, exponent: 24, significand: 1)
      return sign | UInt16(steps.rounded(.toNearestOrEven))  // at most 1024
    }
    let rounded = magnitude + 0xFFF + (magnitude >> 13 & 1)
    return sign | UInt16(truncatingIfNeeded: (rounded - 0x3800_0000) >> 13)  // fits: below 0x7C00 << 13
  }
}
