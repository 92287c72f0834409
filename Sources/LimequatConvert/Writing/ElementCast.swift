internal import LimequatTensor

/// Changes the type of elements. f32 holds every value of the other types exactly, so a cast goes through it.
enum ElementCast {
  /// Casts `count` elements; source and destination do not overlap.
  static func run(
    _ source: UnsafeRawPointer, _ from: ElementType, _ destination: UnsafeMutableRawPointer,
    _ to: ElementType,
    count: Int
  ) {
    switch (from, to) {
    case (.bf16, .f32): widenBF16(source, destination, count)
    case (.f16, .f32): widenHalf(source, destination, count)
    case (.f32, .bf16): narrowBF16(source, destination, count)
    case (.f32, .f16): narrowHalf(source, destination, count)
    case (.f16, .bf16), (.bf16, .f16):
      withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { middle in
        guard let start = UnsafeMutableRawPointer(middle.baseAddress) else { return }
        run(source, from, start, .f32, count: count)
        run(start, .f32, destination, to, count: count)
      }
    default: destination.copyMemory(from: source, byteCount: count * from.size)
    }
  }

  private static func widenBF16(
    _ source: UnsafeRawPointer, _ destination: UnsafeMutableRawPointer, _ count: Int
  ) {
    for i in 0..<count {
      let bits = source.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self)
      destination.storeBytes(of: UInt32(bits) << 16, toByteOffset: 4 * i, as: UInt32.self)
    }
  }

  private static func widenHalf(
    _ source: UnsafeRawPointer, _ destination: UnsafeMutableRawPointer, _ count: Int
  ) {
    for i in 0..<count {
      let value = Half.widen(source.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self))
      destination.storeBytes(of: value, toByteOffset: 4 * i, as: Float.self)
    }
  }

  private static func narrowBF16(
    _ source: UnsafeRawPointer, _ destination: UnsafeMutableRawPointer, _ count: Int
  ) {
    for i in 0..<count {
      // BFloat16.round for numbers that are no NaN, which were refused before: no branch, so this vectorises.
      let bits = source.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self)
      let rounded = UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
      destination.storeBytes(of: rounded, toByteOffset: 2 * i, as: UInt16.self)
    }
  }

  private static func narrowHalf(
    _ source: UnsafeRawPointer, _ destination: UnsafeMutableRawPointer, _ count: Int
  ) {
    for i in 0..<count {
      let value = source.loadUnaligned(fromByteOffset: 4 * i, as: Float.self)
      destination.storeBytes(of: Half.round(value), toByteOffset: 2 * i, as: UInt16.self)
    }
  }
}

/// Finds NaNs and infinities: elements whose exponent bits are all ones.
enum FiniteCheck {
  /// The first element that is not finite, nil when all are.
  static func firstFault(_ bytes: UnsafeRawBufferPointer, _ type: ElementType) -> Int? {
    guard hasFault(bytes, type) else { return nil }
    for index in 0..<bytes.count / type.size where !isFinite(bytes, index, type) { return index }
    return nil
  }

  static func isFinite(_ bytes: UnsafeRawBufferPointer, _ index: Int, _ type: ElementType) -> Bool {
    switch type {
    case .f16: bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self) & 0x7C00 != 0x7C00
    case .bf16: bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self) & 0x7F80 != 0x7F80
    default: bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self) & 0x7F80_0000 != 0x7F80_0000
    }
  }

  /// Adding one to the exponent carries into the sign's place exactly when it was all ones. The places are
  /// gathered, so that the loop has no branch; two halves in a word do not disturb each other.
  static func hasFault(_ bytes: UnsafeRawBufferPointer, _ type: ElementType) -> Bool {
    guard let start = bytes.baseAddress else { return false }
    let (magnitude, one): (UInt32, UInt32) =
      switch type {
      case .f16: (0x7FFF_7FFF, 0x0400_0400)
      case .bf16: (0x7FFF_7FFF, 0x0080_0080)
      default: (0x7FFF_FFFF, 0x0080_0000)
      }
    var gathered = SIMD16<UInt32>.zero
    let count = bytes.count / 64
    for i in 0..<count {
      let x = start.loadUnaligned(fromByteOffset: 64 * i, as: SIMD16<UInt32>.self)
      gathered |= (x & magnitude) &+ one
    }
    if (gathered & ~magnitude) != .zero { return true }
    for index in count * 64 / type.size..<bytes.count / type.size where !isFinite(bytes, index, type) {
      return true
    }
    return false
  }
}
