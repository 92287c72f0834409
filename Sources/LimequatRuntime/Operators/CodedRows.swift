internal import CLimequatKernels

/// Rows that a step makes as floats and leaves as codes, a band at a time: a thread quantises what it has
/// just made, while it is in its second cache.
struct CodedRows {
  let count: Int
  let width: Int
  /// Rows of a band; the last one may have fewer.
  let band: Int
  /// Of all rows, or of a band for each thread.
  let floats: UnsafeMutablePointer<Float>
  let areOfBands: Bool
  let codes: Codes

  /// Bytes of floats that a band of a product may have.
  private static let bandBytes = 512 << 10
  /// Bands that each thread should get, so that an uneven start evens out.
  private static let bandsPerThread = 4

  /// Rows of a band of a product, a multiple of 12 (and so of every kernel's tile); all, as one band, where
  /// threads share the product better by its panels.
  static func productBand(rows: Int, width: Int, threads: Int) -> Int {
    let band = max(24, bandBytes / (4 * bandStride(width: width)) / 12 * 12)
    return threads == 1 || rows / band >= bandsPerThread * threads ? band : max(1, rows)
  }

  /// Floats from one row of a thread's band to the next.
  static func bandStride(width: Int) -> Int { RoomLayout.spread(4 * width) / 4 }
  /// Floats of a thread's band.
  static func floats(band: Int, width: Int) -> Int { band * bandStride(width: width) }
  /// Whether the bands of all threads take less room than so many rows, one after the other.
  static func bandsSaveRoom(_ band: Int, rows: Int, width: Int, threads: Int) -> Bool {
    threads * floats(band: band, width: width) < rows * width
  }

  /// Where a thread makes the band that begins at `row`.
  fileprivate func place(_ row: Int, _ worker: Int) -> Product.Rows {
    guard areOfBands else { return (floats + row * width, width) }
    return (
      floats + worker * CodedRows.floats(band: band, width: width), CodedRows.bandStride(width: width)
    )
  }
}

extension Engine {
  /// Calls `body` with bands that together are all rows, and where their floats are to go, and quantises
  /// them.
  func makeCodes(_ rows: CodedRows, _ body: (_ rows: Range<Int>, _ y: Product.Rows) -> Void) {
    pool.run((rows.count + rows.band - 1) / rows.band) { band, worker in
      let range = band * rows.band..<min((band + 1) * rows.band, rows.count)
      let y = rows.place(range.lowerBound, worker)
      body(range, y)
      quantizeHere(
        y.start, stride: y.stride, rows: range.count, width: rows.width,
        into: rows.codes.advanced(by: range.lowerBound))
    }
  }

  /// The product's rows, whose floats need not lie where the product has them.
  func multiply(_ product: Product, into rows: CodedRows) {
    guard rows.band < rows.count else {
      multiply(product)
      return quantize(rows.floats, rows: rows.count, width: rows.width, into: rows.codes)
    }
    makeCodes(rows) { range, y in product.run(rows: range, panels: 0..<product.panels, to: y, kernels) }
  }
}
