import CLimequatKernels
import Testing

/// Int8 codes and products of `generic`, against formats/numerics.md written out.
@Suite struct Int8Tests {
  let kernels = Table.generic.functions

  struct Rows {
    var codes: [UInt8]
    var scales: [Float]
    var offsets: [Int32]
    let stride: Int
  }

  func quantize(_ x: [Float], rows m: Int, width k: Int) -> Rows {
    let stride = (k + 3) / 4 * 4
    var rows = Rows(
      codes: [UInt8](repeating: 99, count: m * stride), scales: [Float](repeating: .nan, count: m),
      offsets: [Int32](repeating: 999, count: m), stride: stride)
    kernels.quantize_rows(x, k, m, k, &rows.codes, stride, &rows.scales, &rows.offsets)
    return rows
  }

  /// Rows on both sides of 0, on one side of it, and of more than 65,536 elements, which keep 0 in the
  /// middle.
  @Test(arguments: [1, 4, 15, 16, 17, 200, 65_536, 65_537], [Float(0), 2, -2, 100])
  func codesFollowTheDefinition(k: Int, shift: Float) {
    var random = Random(k)
    let x = random.values(3 * k, 5).map { $0 + shift }
    let rows = quantize(x, rows: 3, width: k)
    for i in 0..<3 {
      let row = x[i * k..<(i + 1) * k]
      var (low, high) = (min(0, row.min() ?? 0), max(0, row.max() ?? 0))
      if k > 65_536 { (low, high) = (-max(-low, high), max(-low, high)) }
      let half = high / 2 - low / 2
      let offset = (-low * (127.5 / half)).rounded(.toNearestOrEven)
      #expect(rows.scales[i] == half / 127.5)
      #expect(rows.offsets[i] == Int32(offset))
      #expect((0...255).contains(offset))
      let codes = row.map { offset.addingProduct($0, 127.5 / half).rounded(.toNearestOrEven) }
        .map { UInt8(max(0, min(255, $0))) }
      #expect(Array(rows.codes[i * rows.stride..<i * rows.stride + k]) == codes)
      #expect(rows.codes[i * rows.stride + k..<(i + 1) * rows.stride].allSatisfy { $0 == 0 })
    }
  }

  /// From -127.5 to 127.5 in steps of 1: halves go to the even neighbour, the last one to the largest code.
  @Test func tiesGoToEven() {
    let rows = quantize([127.5, 0.5, 1.5, 2.5, -0.5, -1.5, -126.5, -127.5], rows: 1, width: 8)
    #expect(rows.scales == [1] && rows.offsets == [128])
    #expect(rows.codes == [255, 128, 130, 130, 128, 126, 2, 0])
  }

  /// All 256 codes serve a row that is on one side of 0, and 0 is exact.
  @Test func rowsOnOneSideUseAllCodes() {
    let above = quantize([0, 1, 254, 255], rows: 1, width: 4)
    #expect(above.scales == [1] && above.offsets == [0] && above.codes == [0, 1, 254, 255])
    let below = quantize([0, -1, -254, -255], rows: 1, width: 4)
    #expect(below.scales == [1] && below.offsets == [255] && below.codes == [255, 254, 1, 0])
  }

  @Test func smallRowsAreZero() {
    for small in [Float(0), -0.0, 1e-45, 1e-38, 3e-37] {
      let rows = quantize([small, -small, 0], rows: 1, width: 3)
      #expect(rows.codes == [0, 0, 0, 0] && rows.scales == [0] && rows.offsets == [0], "\(small)")
    }
    let rows = quantize([4e-37, -4e-37], rows: 1, width: 2)
    #expect(rows.codes[0] >= 254 && rows.codes[1] <= 1 && rows.scales[0] > 0)
  }

  /// What lies between rows takes no part, and rows of nothing are 0.
  @Test(arguments: Table.all) func onlyRowsAreRead(table: Table) {
    let (k, stride, step) = (21, 53, 24)
    var random = Random(7)
    let rows = (0..<3).map { _ in random.values(k, 5) }
    let x = rows.flatMap { $0 + [Float](repeating: .nan, count: stride - k) }
    var codes = [UInt8](repeating: 99, count: 3 * step)
    var (scales, offsets) = ([Float](repeating: .nan, count: 3), [Int32](repeating: 999, count: 3))
    table.functions.quantize_rows(x, stride, 3, k, &codes, step, &scales, &offsets)
    let alone = rows.map { quantize($0, rows: 1, width: k) }
    #expect(codes == alone.flatMap(\.codes))
    #expect(scales == alone.flatMap(\.scales) && offsets == alone.flatMap(\.offsets))
    codes = [UInt8](repeating: 99, count: 3 * step)
    table.functions.quantize_rows(x, stride, 3, 0, &codes, step, &scales, &offsets)
    #expect(codes.allSatisfy { $0 == 99 } && scales == [0, 0, 0] && offsets == [0, 0, 0])
  }

  @Test func theLargestNumbersAreFinite() {
    let most = Float.greatestFiniteMagnitude
    let rows = quantize([most, -most, most, 0], rows: 1, width: 4)
    #expect(rows.codes == [255, 0, 255, 128] && rows.offsets == [128] && rows.scales == [most / 127.5])
  }

  @Test(arguments: [Float.infinity, -.infinity, .nan, -.nan]) func rowsThatAreNotFiniteGiveNaN(bad: Float) {
    for place in [0, 3, 16, 20] {
      var x = [Float](repeating: 1, count: 21)
      x[place] = bad
      let rows = quantize(x + [Float](repeating: 2, count: 21), rows: 2, width: 21)
      #expect(rows.scales[0].isNaN && rows.offsets[0] == 0 && rows.codes[..<24].allSatisfy { $0 == 0 })
      #expect(rows.scales[1] == 1 / 127.5 && rows.offsets[1] == 0)
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

  func withPointers<A, B, C>(
    _ a: [A], _ b: [B], _ c: [C], _ body: (UnsafePointer<A>?, UnsafePointer<B>?, UnsafePointer<C>?) -> Void
  ) {
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        c.withUnsafeBufferPointer { body(a.baseAddress, b.baseAddress, $0.baseAddress) }
      }
    }
  }

  /// All tables, since they make use of the sums of codes in different ways.
  @Test(
    arguments: Table.all,
    [(1, 1, 1), (3, 5, 33), (14, 130, 40), (5, 1500, 32), (2, 65_536, 1), (2, 131_072, 1)])
  func productIsExact(table: Table, size: (m: Int, k: Int, n: Int)) {
    let (m, k, n) = size
    var random = Random(k)
    let stride = (k + 3) / 4 * 4
    // Two rows more than are asked for; the least code throughout, with the largest offset, in the first.
    var x = [UInt8](repeating: 0, count: (m + 2) * stride)
    for i in 0..<m + 2 {
      for j in 0..<k { x[i * stride + j] = i == 0 ? 0 : UInt8(random.below(256)) }
    }
    let w = (0..<k * n).map { $0 % n == 0 ? 127 : Int8(random.below(255) - 127) }
    let xOffsets = (0..<m + 2).map {
      k > 65_536 ? 128 - Int32($0 % 2) : $0 == 0 ? 255 : Int32(random.below(256))
    }
    let (xScales, wScales) = (random.values(m + 2), random.values(n))
    let (bias, residual) = (random.values(n), random.values(m * n))
    let rows = (0..<m).map { UInt32($0 * 2 % (m + 2)) }
    let packed = panels(w, wScales, k: k, n: n)
    defer { packed.deallocate() }
    let limits = table.limits(packed, k: k, n: n)
    var y = [Float](repeating: .nan, count: m * n)
    var plain = y
    x.withUnsafeBufferPointer { x in
      var job = lmq_matmul_int8()
      (job.x, job.x_stride, job.panels) = (x.baseAddress, stride, UnsafeRawPointer(packed))
      (job.residual_stride, job.y_stride, job.m, job.n, job.k) = (n, n, m, n, UInt32(k))
      withPointers(rows, xScales, xOffsets) {
        (job.x_rows, job.x_scales, job.x_offsets) = ($0, $1, $2)
        plain.withUnsafeMutableBufferPointer {
          job.y = $0.baseAddress
          table.functions.matmul_int8(&job, 0, (n + 31) / 32)
        }
        withPointers(bias, residual, []) { bias, residual, _ in
          (job.bias, job.residual, job.activation) = (bias, residual, LMQ_ACTIVATION_RELU)
          withPointers(limits, limits, limits) { limits, _, _ in
            job.limits = limits
            y.withUnsafeMutableBufferPointer {
              job.y = $0.baseAddress
              table.functions.matmul_int8(&job, 0, (n + 31) / 32)
            }
          }
        }
      }
    }
    for i in 0..<m {
      let row = Int(rows[i])
      for j in 0..<n {
        let sum = (0..<k).reduce(0) {
          $0 + (Int(x[row * stride + $1]) - Int(xOffsets[row])) * Int(w[$1 * n + j])
        }
        let scale = xScales[row] * wScales[j]
        #expect(y[i * n + j] == residual[i * n + j] + max(0, bias[j].addingProduct(Float(sum), scale)))
        #expect(plain[i * n + j] == Float(sum) * scale)
      }
    }
  }

  /// With limits a table may add products of several units, of four inputs each, in 16 bits, if it is sure
  /// that they fit. So all weights of an output and all codes of a row are alike, and make sums just below or
  /// above what fits; other codes are farther from 0 than a group can have. Four rows have small codes, lest
  /// the table thinks that groups are of no use. Offset 128 has it take signs apart, offset 0 not.
  @Test(arguments: Table.all, [(4, 256, 128), (17, 259, 128), (50, 776, 128), (9, 1100, 0), (71, 1030, 0)])
  func sumsOfGroupsAreExact(table: Table, size: (m: Int, k: Int, offset: Int)) {
    let (m, k, n, offset) = (size.m, size.k, 64, size.offset)
    var random = Random(k)
    let stride = (k + 3) / 4 * 4
    let (largest, far) = offset == 128 ? (88, 127) : (67, 255)
    var x = [UInt8](repeating: 0, count: m * stride)
    for i in 0..<m {
      let isSmall = (0..<4).contains { m * $0 / 4 == i }
      for j in 0..<k {
        let isFar = i % 3 == 0 && random.below(99) == 0
        let magnitude = isSmall ? random.below(8) : isFar ? far : largest - random.below(7)
        x[i * stride + j] = UInt8(i % 2 == 0 ? offset + magnitude : abs(offset - magnitude))
      }
    }
    // Weights of the first panel and of the first inputs are small: theirs are not the limits of others.
    let w = (0..<k * n).map { place -> Int8 in
      let (input, output) = (place / n, place % n)
      let magnitude = output < 32 || input < k / 2 ? 9 : (offset == 128 ? 59 : 123) + random.below(6)
      return Int8(output % 2 == 0 ? magnitude - 1 : -magnitude)
    }
    expectSums(table, x, stride, [Int32](repeating: Int32(offset), count: m), w, n: n)
  }

  /// Rows of which no code fits a group, among others that do: as many units are added by themselves as a row
  /// may have, in halves, and those of some rows have no room left with those before them.
  @Test(arguments: Table.all) func rowsFarFromOthersAreExact(table: Table) {
    let (m, k, n) = (8, 512, 32)
    var x = [UInt8](repeating: 60, count: m * k)
    for i in stride(from: 1, to: m, by: 2) {
      for j in 0..<k { x[i * k + j] = i < 4 && (j == 1 || j == 3) ? 0 : 255 }
    }
    let w = (0..<k * n).map { Int8($0 / n < 4 ? 100 : 127) }
    expectSums(table, x, k, (0..<m).map { Int32($0 % 2 == 0 ? 60 : 0) }, w, n: n)
  }

  /// Rows of x with these offsets times w[k][n], with scales of 1 and what the table wants to know of w.
  func expectSums(
    _ table: Table, _ x: [UInt8], _ stride: Int, _ offsets: [Int32], _ w: [Int8], n: Int
  ) {
    let (m, k) = (offsets.count, w.count / n)
    let packed = panels(w, [Float](repeating: 1, count: n), k: k, n: n)
    defer { packed.deallocate() }
    let limits = table.limits(packed, k: k, n: n)
    var y = [Float](repeating: .nan, count: m * n)
    withPointers(x, [Float](repeating: 1, count: m), offsets) {
      var job = lmq_matmul_int8()
      (job.x, job.x_scales, job.x_offsets) = ($0, $1, $2)
      (job.x_stride, job.panels) = (stride, UnsafeRawPointer(packed))
      (job.y_stride, job.m, job.n, job.k) = (n, m, n, UInt32(k))
      withPointers(limits, limits, limits) { limits, _, _ in
        job.limits = limits
        y.withUnsafeMutableBufferPointer {
          job.y = $0.baseAddress
          table.functions.matmul_int8(&job, 0, (n + 31) / 32)
        }
      }
    }
    for i in 0..<m {
      for j in 0..<n {
        let sum = (0..<k).reduce(0) { $0 + (Int(x[i * stride + $1]) - Int(offsets[i])) * Int(w[$1 * n + j]) }
        #expect(y[i * n + j] == Float(sum))
      }
    }
  }
}
