import CLimequatKernels
import Foundation
import LimequatTensor
import Testing

/// Work on rows by `generic`, against double precision.
@Suite struct RowTests {
  let kernels = Table.generic.functions

  @Test(arguments: [1, 15, 16, 17, 100, 768]) func layerNormIsItsFormula(n: Int) {
    var random = Random(n)
    let m = 3
    let (x, scale, bias) = (random.values(m * n, 4), random.values(n), random.values(n))
    var y = [Float](repeating: 0, count: m * n)
    kernels.layer_norm(x, n, &y, n, m, n, scale, bias, 1e-6)
    for i in 0..<m {
      let row = x[i * n..<(i + 1) * n].map(Double.init)
      let mean = row.reduce(0, +) / Double(n)
      let variance = row.map { $0 * $0 }.reduce(0, +) / Double(n) - mean * mean
      for j in 0..<n {
        let centred = (row[j] - mean) / (max(0, variance) + 1e-6).squareRoot()
        let exact = centred * Double(scale[j]) + Double(bias[j])
        #expect(abs(Double(y[i * n + j]) - exact) < (n == 1 ? 1e-2 : 2e-5))
      }
    }
  }

  @Test func layerNormLeavesOutItsBias() {
    let scale: [Float] = [1, 1, 1, 1]
    let none: [Float] = [0, 0, 0, 0]
    var (with, without) = ([Float](repeating: 9, count: 4), [Float](repeating: 9, count: 4))
    kernels.layer_norm([1, 2, 3, 4], 4, &with, 4, 1, 4, scale, none, 0)
    kernels.layer_norm([1, 2, 3, 4], 4, &without, 4, 1, 4, scale, nil, 0)
    #expect(with == without)
  }

  @Test(arguments: [1, 16, 31, 200]) func softmaxIsItsFormula(n: Int) {
    var random = Random(n)
    let x = random.values(n, 20)
    let mask = (0..<n).map { UInt8($0 % 3 == 0 ? 0 : 7) }
    var (plain, masked) = (x, x)
    kernels.softmax(&plain, n, 1, n, nil)
    kernels.softmax(&masked, n, 1, n, mask)
    let exact = softmax(x.map(Double.init))
    // x - max is rounded, which e^ turns into a relative error of up to 40 * 2^-24.
    #expect(zip(plain, exact).allSatisfy { abs(Double($0) - $1) < 4e-6 * $1 + 1e-30 })
    let kept = softmax(zip(x, mask).map { $1 == 0 ? -.infinity : Double($0) })
    for j in 0..<n {
      if mask[j] == 0 {
        #expect(masked[j].bitPattern == 0)
      } else {
        #expect(abs(Double(masked[j]) - kept[j]) < 4e-6 * kept[j] + 1e-30)
      }
    }
  }

  func softmax(_ x: [Double]) -> [Double] {
    let e = x.map { exp($0 - (x.max() ?? 0)) }
    return e.map { $0 / e.reduce(0, +) }
  }

  @Test func softmaxOfNothingIsNothing() {
    var x: [Float] = [1, .infinity, -.infinity, 3, 9, 9]
    kernels.softmax(&x, 3, 2, 2, [0, 0])
    #expect(x.map(\.bitPattern) == [0, 0, (-Float.infinity).bitPattern, 0, 0, Float(9).bitPattern])
  }

  @Test func sumsAreRight() {
    var random = Random(5)
    for n in [0, 1, 16, 47, 1000] {
      let x = random.values(n)
      let exact = x.reduce(0.0) { $0 + Double($1) }
      let squares = x.reduce(0.0) { $0 + Double($1) * Double($1) }
      #expect(abs(Double(kernels.sum(x, n)) - exact) < 1e-4)
      #expect(abs(Double(kernels.norm_l2(x, n)) - squares.squareRoot()) <= 1e-6 * squares.squareRoot())
    }
  }

  @Test func accumulateRoundsTwice() {
    // The product is 1 + 2^-11 + 2^-24; its last bit goes before the sum.
    let factor: Float = 1 + 0x1p-12
    var y: [Float] = [-1]
    kernels.accumulate(&y, [factor], factor, 1)
    #expect(y == [0x1p-11])
  }

  @Test func bfloat16RoundsAsTensorsDo() {
    var random = Random(7)
    var x = (0..<5000).map { _ in random.anyFinite() }
    x += [0, -0.0, .infinity, -.infinity, .greatestFiniteMagnitude, .nan, 1, Float(bitPattern: 0x3F80_8000)]
    var y = x
    kernels.round_bf16(x, &y, x.count)
    #expect(zip(x, y).allSatisfy { BFloat16.widen(BFloat16.round($0)).bitPattern == $1.bitPattern })
  }

  @Test func widenIsExact() {
    let bits = (UInt16.min...UInt16.max).map { $0 }
    var wide = [Float](repeating: 0, count: bits.count)
    kernels.widen(bits, Int32(LMQ_BF16), &wide, bits.count)
    #expect(zip(bits, wide).allSatisfy { BFloat16.widen($0).bitPattern == $1.bitPattern })
    kernels.widen(bits, Int32(LMQ_F16), &wide, bits.count)
    #expect(
      zip(bits, wide).allSatisfy {
        let half = Half.widen($0)
        return half.isNaN ? $1.isNaN : half.bitPattern == $1.bitPattern
      })
  }
}
