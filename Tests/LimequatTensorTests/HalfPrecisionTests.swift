import LimequatTensor
import Testing

@Suite struct HalfPrecisionTests {
  #if arch(arm64) || arch(x86_64)
    /// The standard library's Float16 is the reference: every half, and halves' neighbours in f32.
    @Test func halfEqualsFloat16() {
      for bits in UInt16.min...UInt16.max {
        let reference = Float(Float16(bitPattern: bits))
        let widened = Half.widen(bits)
        if reference.isNaN {
          #expect(widened.isNaN)
          continue
        }
        guard widened.bitPattern == reference.bitPattern else {
          Issue.record("widen \(bits)")
          return
        }
        for candidate in [reference, reference.nextUp, reference.nextDown, reference * 1.000_244_2] {
          guard candidate.isFinite else { continue }
          guard Half.round(candidate) == Float16(candidate).bitPattern else {
            Issue.record("round \(candidate): \(Half.round(candidate)) \(Float16(candidate).bitPattern)")
            return
          }
        }
      }
    }
  #endif

  @Test func bfloat16RoundsToNearestEven() {
    #expect(BFloat16.round(1) == 0x3F80)
    #expect(BFloat16.round(Float(bitPattern: 0x3F80_8000)) == 0x3F80)  // a tie, even below
    #expect(BFloat16.round(Float(bitPattern: 0x3F81_8000)) == 0x3F82)  // a tie, even above
    #expect(BFloat16.round(Float(bitPattern: 0x3F80_8001)) == 0x3F81)
    #expect(BFloat16.round(-.infinity) == 0xFF80)
    #expect(BFloat16.widen(BFloat16.round(.nan)).isNaN)
  }
}
