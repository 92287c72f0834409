import LimequatTensor
import Testing

@testable import LimequatConvert

/// Bits of numbers at the border and beyond it.
private let borders: [(type: ElementType, finite: [UInt32], faults: [UInt32])] = [
  (
    .f32, [0, 0x8000_0000, 0x7F7F_FFFF, 0xFF7F_FFFF, 1], [0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0xFF80_0001]
  ),
  (.f16, [0, 0x8000, 0x7BFF, 0xFBFF, 1], [0x7C00, 0xFC00, 0x7E00, 0xFC01]),
  (.bf16, [0, 0x8000, 0x7F7F, 0xFF7F, 1], [0x7F80, 0xFF80, 0x7FC0, 0xFF81]),
]

private func bytes(_ bits: UInt32, _ type: ElementType) -> [UInt8] {
  (0..<type.size).map { UInt8(truncatingIfNeeded: bits >> UInt32(8 * $0)) }
}

@Test(arguments: borders) func findsTheFirstFault(
  _ type: ElementType, _ finite: [UInt32], _ faults: [UInt32]
) {
  let count = 77
  let good = (0..<count).map { bytes(finite[$0 % finite.count], type) }
  #expect(good.flatMap { $0 }.withUnsafeBytes { FiniteCheck.firstFault($0, type) } == nil)
  for fault in faults {
    for place in 0..<count {
      var elements = good
      elements[place] = bytes(fault, type)
      elements[count - 1] = place < count - 1 ? bytes(fault, type) : elements[count - 1]
      #expect(elements.flatMap { $0 }.withUnsafeBytes { FiniteCheck.firstFault($0, type) } == place)
    }
  }
}

/// Every half and bfloat16 that is a number, to every type, as LimequatTensor has it.
@Test(arguments: [ElementType.f16, .bf16], [ElementType.f32, .f16, .bf16])
func castsAsTheTypesSay(_ from: ElementType, _ to: ElementType) {
  let all: [UInt16] = (0...UInt16.max).filter { bits in
    withUnsafeBytes(of: bits) { FiniteCheck.isFinite($0, 0, from) }
  }
  let wide = all.map { from == .f16 ? Half.widen($0) : BFloat16.widen($0) }
  let want: [UInt32] =
    switch to {
    case .f16: wide.map { UInt32(Half.round($0)) }
    case .bf16: wide.map { UInt32(BFloat16.round($0)) }
    default: wide.map(\.bitPattern)
    }
  var got = [UInt8](repeating: 0, count: all.count * to.size)
  all.withUnsafeBytes { source in
    got.withUnsafeMutableBytes { target in
      if let source = source.baseAddress, let target = target.baseAddress {
        ElementCast.run(source, from, target, to, count: all.count)
      }
    }
  }
  #expect(got == want.flatMap { bytes($0, to) })
}

@Test(arguments: [ElementType.f16, .bf16]) func roundsToNearestEven(_ to: ElementType) {
  // Halves of the distance between neighbours go to the even one.
  let values: [Float] = [
    1, 1.0009765, 1.0014648, 1.00390625, 1.01171875, -3.5, 65504, 1e-7, 0.1, .leastNonzeroMagnitude,
  ]
  let want = values.map { to == .f16 ? Half.round($0) : BFloat16.round($0) }
  var got = [UInt16](repeating: 0, count: values.count)
  values.withUnsafeBytes { source in
    got.withUnsafeMutableBytes { target in
      if let source = source.baseAddress, let target = target.baseAddress {
        ElementCast.run(source, .f32, target, to, count: values.count)
      }
    }
  }
  #expect(got == want)
}
