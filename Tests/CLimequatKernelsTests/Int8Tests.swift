import CLimequatKernels
import Testing

/// Int8 codes and products of `generic`, against formats/numerics.md written out.
@Suite struct Int8Tests {
  let kernels = Table.generic.functions

  func quantize(_ x: [Float], rows m: Int, width k: Int) -> (codes: [Int8], scales: [Float], stride: Int) {
    let stride = (k + 3) / 4 * 4
    var codes = [Int8](repeating: 99, count: m * stride)
    var scales = [Float](repeating: .nan, count: m)
    kernels.quantize_rows(x, k, m, k, &codes, stride, &scales)
    return (codes, scales, stride)
  }

  @Test(arguments: [1, 4, 15, 16, 17, 200]) func codesAreRoundedToEven(k: Int) {
    var random = Random(k)
    let x = random.values(3 * k, 5)
    let (codes, scales, stride) = quantize(x, rows: 3, width: k)
    for i in 0..<3 {
      let row = x[i * k..<(i + 1) * k]
      let largest = row.map(abs).max() ?? 0
      #expect(scales[i] == largest / 127)
      for (j, value) in row.enumerated() {
        #expect(codes[i * stride + j] == Int8((value * (127 / largest)).rounded(.toNearestOrEven)))
      }
      #expect(codes[i * stride + k..<(i + 1) * stride].allSatisfy { $0 == 0 })
    }
  }

  /// 127 / 127 is 1: the codes are the values, halves go to the even neighbour.
  @Test func tiesGoToEven() {
    let (codes, scales, _) = quantize([127, 0.5, 1.5, 2.5, -0.5, -1.5, -126.5, -127], rows: 1, width: 8)
    #expect(codes == [127, 0, 2, 2, 0, -2, -126, -127])
    #expect(scales == [1])
  }

  @Test func smallRowsAreZero() {
    for small in [Float(0), -0.0, 1e-45, 1e-38, 3e-37] {
      let (codes, scales, _) = quantize([small, -small, 0], rows: 1, width: 3)
      #expect(codes == [0, 0, 0, 0] && scales == [0], "\(small)")
    }
    let (codes, scales, _) = quantize([4e-37, -4e-37], rows: 1, width: 2)
    #expect(codes == [127, -127, 0, 0] && scales[0] > 0)
  }

  @Test(arguments: [Float.infinity, -.infinity, .nan, -.nan]) func rowsThatAreNotFiniteGiveNaN(bad: Float) {
    for place in [0, 3, 16, 20] {
      var x = [Float](repeating: 1, count: 21)
      x[place] = bad
      let (codes, scales, _) = quantize(x + [Float](repeating: 2, count: 21), rows: 2, width: 21)
      #expect(scales[0].isNaN && codes[..<24].allSatisfy { $0 == 0 })
      #expect(scales[1] == 2.0 / 127)
    }
  }

  /// Codes w[k][n] as panels, with scales and sums.
  func panels(_ w: [Int8], _ scales: [Float], k: Int, n: Int) -> UnsafeMutableRawPointer {
    let (outputs, depth) = ((n + 31) / 32 * 32, (k + 3) / 4 * 4)
    let bytes = outputs * depth + outputs * 8
    let panels = UnsafeMutableRawPointer.allocate(byteCount: bytes + 64, alignment: 64)
    panels.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    for output in 0..<n {
      for j in 0..<k {
        let offset = output / 32 * 32 * depth + j / 4 * 128 + output % 32 * 4 + j % 4
        panels.storeBytes(of: w[j * n + output], toByteOffset: offset, as: Int8.self)
      }
      panels.storeBytes(
        of: scales[output], toByteOffset: outputs * depth + output * 4, as: Float.self)
      panels.storeBytes(
        of: (0..<k).reduce(Int32(0)) { $0 + Int32(w[$1 * n + output]) },
        toByteOffset: outputs * (depth + 4) + output * 4, as: Int32.self)
    }
    return panels
  }

  /// All tables, since only some use the sums of codes.
  @Test(arguments: Table.all, [(1, 1, 1), (3, 5, 33), (14, 130, 40), (5, 1500, 32)])
  func productIsExact(table: Table, size: (m: Int, k: Int, n: Int)) {
    let (m, k, n) = size
    var random = Random(k)
    let stride = (k + 3) / 4 * 4
    // Two rows more than are asked for; the largest codes throughout in the first.
    var x = [Int8](repeating: 0, count: (m + 2) * stride)
    for i in 0..<m + 2 {
      for j in 0..<k { x[i * stride + j] = i == 0 ? -127 : Int8(random.below(255) - 127) }
    }
    let w = (0..<k * n).map { $0 % n == 0 ? 127 : Int8(random.below(255) - 127) }
    let (xScales, wScales) = (random.values(m + 2), random.values(n))
    let (bias, residual) = (random.values(n), random.values(m * n))
    let rows = (0..<m).map { UInt32(($0 + 2) % (m + 2)) }
    let packed = panels(w, wScales, k: k, n: n)
    defer { packed.deallocate() }
    var y = [Float](repeating: .nan, count: m * n)
    var plain = y
    x.withUnsafeBufferPointer { x in
      xScales.withUnsafeBufferPointer { xScales in
        rows.withUnsafeBufferPointer { rows in
          bias.withUnsafeBufferPointer { bias in
            residual.withUnsafeBufferPointer { residual in
              var job = lmq_matmul_int8(
                x: x.baseAddress, x_stride: stride, x_rows: rows.baseAddress, x_scales: xScales.baseAddress,
                panels: packed, bias: bias.baseAddress, residual: residual.baseAddress, residual_stride: n,
                y: nil, y_stride: n, m: m, k: k, n: n, activation: LMQ_ACTIVATION_RELU)
              y.withUnsafeMutableBufferPointer {
                job.y = $0.baseAddress
                table.functions.matmul_int8(&job, 0, (n + 31) / 32)
              }
              (job.bias, job.residual, job.activation) = (nil, nil, LMQ_ACTIVATION_NONE)
              plain.withUnsafeMutableBufferPointer {
                job.y = $0.baseAddress
                table.functions.matmul_int8(&job, 0, (n + 31) / 32)
              }
            }
          }
        }
      }
    }
    for i in 0..<m {
      let row = Int(rows[i])
      for j in 0..<n {
        let sum = (0..<k).reduce(0) { $0 + Int(x[row * stride + $1]) * Int(w[$1 * n + j]) }
        let scale = xScales[row] * wScales[j]
        #expect(y[i * n + j] == residual[i * n + j] + max(0, bias[j].addingProduct(Float(sum), scale)))
        #expect(plain[i * n + j] == Float(sum) * scale)
      }
    }
  }
}
