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
    let floats = CodedRows.floats(band: band, width: width)
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
      let (own, stride) = (worker * floats, CodedRows.bandStride(width: width))
      let y = (hidden + own, stride)
      product.run(rows: range, panels: 0..<product.panels, to: y, engine.kernels)
      if step == 2 {
        let z = gate + own
        jobs[index * step + 1].run(rows: range, panels: 0..<product.panels, to: (z, stride), engine.kernels)
        for row in 0..<range.count {
          let place = row * stride
          engine.table.binary(z + place, y.0 + place, y.0 + place, width, LMQ_MULTIPLY, false)
        }
      }
      engine.quantizeHere(
        y, rows: range.count, width: width, into: codes.advanced(by: (product.y - hidden) / width + start))
    }
  }
}

extension SparseMoERoom {
  /// Rows of a band of a wave's first products. Nil where threads share so few rows better by panels; else a
  /// band for each thread has room where all rows would have it.
  func hiddenBand(rows: Int) -> Int? {
    let band = CodedRows.productBand(rows: rows, width: shape.hiddenSize, threads: threads)
    return threads * CodedRows.floats(band: band, width: shape.hiddenSize) <= rows * shape.hiddenSize ? band : nil
  }
}
