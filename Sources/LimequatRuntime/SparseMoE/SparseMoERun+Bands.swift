internal import CLimequatKernels

/// First products of int8 experts whose results leave as codes band by band (``CodedRows``), so that the
/// floats between the two products stay in the second cache.
extension SparseMoERun {
  /// `jobs` has `count` products: the first one of each expert of a wave, and with gated experts the gate
  /// behind it.
  func multiplyInBands(of band: Int, _ count: Int, into codes: Codes) {
    let width = room.shape.hiddenSize
    let jobs = part(room.jobs, Product.self)
    let firstUnits = part(room.firstUnits, Int.self)
    let step = room.shape.isGated ? 2 : 1
    let (floats, stride) = (CodedRows.floats(band: band, width: width), CodedRows.bandStride(width: width))
    var units = 0
    for index in 0..<count / step {
      firstUnits[index] = units
      units += (jobs[index * step].m + band - 1) / band
    }
    let hidden = part(room.hidden, Float.self)
    let gate = part(room.gate, Float.self)
    engine.pool.run(units) { unit, worker in
      let index = Engine.owner(of: unit, firstUnits, count / step)
      let product = jobs[index * step]
      let start = (unit - firstUnits[index]) * band
      let range = start..<min(start + band, product.m)
      let (y, z) = (hidden + worker * floats, gate + worker * floats)
      product.run(rows: range, panels: 0..<product.panels, to: (y, stride), engine.kernels)
      if step == 2 {
        jobs[index * step + 1].run(rows: range, panels: 0..<product.panels, to: (z, stride), engine.kernels)
        // With what lies between the rows, which nobody reads.
        engine.table.binary(z, y, y, range.count * stride, LMQ_MULTIPLY, false)
      }
      engine.quantizeHere(
        y, stride: stride, rows: range.count, width: width,
        into: codes.advanced(by: (product.y - hidden) / width + start))
    }
  }
}

extension SparseMoERoom {
  /// Rows of a band of a wave's first products. Nil where bands of all threads might have no room, and where
  /// threads share so few rows better by panels.
  func hiddenBand(rows: Int) -> Int? {
    let width = shape.hiddenSize
    let band = CodedRows.productBand(rows: rows, width: width, threads: threads)
    return CodedRows.bandsSaveRoom(band, rows: rows, width: width, threads: threads) ? band : nil
  }
}
