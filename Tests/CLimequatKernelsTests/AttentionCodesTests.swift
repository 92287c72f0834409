import CLimequatKernels
import Foundation
import Testing

/// Codes of shares and of keys and values by `generic`, against formats/numerics.md, "Attention with codes",
/// written out.
@Suite struct AttentionCodesTests {
  let kernels = Table.generic.functions

  @Test(arguments: [1, 3, 16, 31, 200], [false, true]) func sharesFollowTheDefinition(n: Int, masked: Bool) {
    var random = Random(n)
    let x = random.values(n, 6)
    let mask = (0..<n).map { UInt8(masked && $0 % 3 == 1 ? 0 : 1) }
    var codes = [UInt8](repeating: 99, count: (n + 3) / 4 * 4)
    var scale = Float.nan
    if masked {
      kernels.softmax_codes(x, n, 1, n, mask, &codes, codes.count, &scale)
    } else {
      kernels.softmax_codes(x, n, 1, n, nil, &codes, codes.count, &scale)
    }
    let top: Float = zip(x, mask).filter { $1 != 0 }.map(\.0).max() ?? 0
    for j in 0..<n {
      let exact = mask[j] == 0 ? 0 : exp(Double(x[j] - top)) * 255
      // Half a code, and what exp may be off by.
      #expect(abs(Double(codes[j]) - exact) <= 0.5 + 1e-4)
    }
    #expect(codes[n...].allSatisfy { $0 == 0 })
    #expect(scale == 1 / Float(codes.reduce(0) { $0 + Int($1) }))
  }

  @Test func sharesOfNothingAreNothing() {
    var codes = [UInt8](repeating: 99, count: 8)
    var scales: [Float] = [.nan, .nan]
    kernels.softmax_codes([1, .infinity, 2, 3, 4, 5], 3, 2, 3, [0, 0, 0], &codes, 4, &scales)
    #expect(codes.allSatisfy { $0 == 0 } && scales == [0, 0])
  }

  @Test(arguments: [Float.nan, .infinity]) func scoresThatAreNotFiniteGiveNaN(bad: Float) {
    var codes = [UInt8](repeating: 99, count: 20)
    var scale: Float = 0
    kernels.softmax_codes([Float](repeating: 1, count: 17) + [bad], 18, 1, 18, nil, &codes, 20, &scale)
    #expect(scale.isNaN)
  }

  /// Columns side by side, as values are, and in panels, as keys are; the fourth one is 0, and the sixth, if
  /// there is one, not finite.
  @Test(arguments: [1, 4, 6, 197], [1, 20, 33]) func panelsFollowTheDefinition(k: Int, n: Int) {
    var random = Random(k + n)
    var w = random.values(k * n, 3)
    for i in 0..<k where n > 3 { w[i * n + 3] = 0 }
    if n > 5 { w[(k - 1) * n + 5] = .infinity }
    let (outputs, depth) = ((n + 31) / 32 * 32, (k + 3) / 4 * 4)
    var spread = [Float](repeating: 0, count: k * outputs)
    for i in 0..<k {
      for j in 0..<n { spread[j / 32 * 32 * k + i * 32 + j % 32] = w[i * n + j] }
    }
    for (source, kStride, panelStride) in [(w, n, 32), (spread, 32, 32 * k)] {
      let panels = UnsafeMutableRawPointer.allocate(byteCount: outputs * (depth + 8), alignment: 64)
      defer { panels.deallocate() }
      kernels.pack_codes(source, kStride, panelStride, k, n, panels)
      for j in 0..<outputs {
        let column = (0..<k).map { j < n ? w[$0 * n + j] : 0 }
        let largest = column.map(abs).max() ?? 0
        let isUsable = largest > 0 && largest.isFinite
        let codes = column.map {
          isUsable ? Int8((Double(127 / largest) * Double($0)).rounded(.toNearestOrEven)) : 0
        }
        let scale = panels.load(fromByteOffset: outputs * depth + 4 * j, as: Float.self)
        #expect(largest.isFinite ? scale == largest / 127 : scale.isNaN)
        #expect(
          panels.load(fromByteOffset: outputs * (depth + 4) + 4 * j, as: Int32.self)
            == codes.reduce(0) { $0 + Int32($1) })
        for i in 0..<depth {
          let code = panels.load(
            fromByteOffset: j / 32 * 32 * depth + i / 4 * 128 + j % 32 * 4 + i % 4, as: Int8.self)
          #expect(code == (i < k ? codes[i] : 0))
        }
      }
    }
  }
}
