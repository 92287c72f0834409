internal import CLimequatKernels
internal import LimequatBytes
internal import LimequatGraph
internal import LimequatTensor

extension Engine {
  /// Scaled dot-product attention: softmax(q (k * scale)ᵀ) v for each item and head.
  ///
  /// For each head, keys and values are packed into panels, keys times the scale; then tiles of queries run
  /// through both products with their whole rows of scores kept.
  ///
  /// q (items, queries, heads * size), k and v (items, keys, kvHeads * their size), y (items, queries,
  /// heads * valueSize), whose rows are `yStride` apart. `mask`: bytes, or nil. `room`: of each thread, one
  /// after the other.
  func attention(
    _ shape: AttentionShape, q: UnsafePointer<Float>, k: UnsafePointer<Float>, v: UnsafePointer<Float>,
    mask: UnsafePointer<UInt8>?, y: UnsafeMutablePointer<Float>, yStride: Int, room: UnsafeMutableRawPointer
  ) {
    let tiles = (shape.queries + AttentionShape.tile - 1) / AttentionShape.tile
    let heads = shape.items * shape.heads
    let layout = shape.room
    // Whole heads, unless there are too few for the threads.
    let shares = heads >= 4 * pool.threads ? 1 : tiles
    pool.run(heads * shares) { index, worker in
      let head = AttentionHead(
        shape: shape, item: index / shares / shape.heads, head: index / shares % shape.heads, room: layout,
        base: room + worker * layout.layout.size, table: kernels.table)
      head.pack(k, v)
      let share = index % shares
      for tile in (share * tiles / shares)..<((share + 1) * tiles / shares) {
        let start = tile * AttentionShape.tile
        head.attend(start..<min(start + AttentionShape.tile, shape.queries), q, mask, y, yStride)
      }
    }
  }
}

/// One head of one item, in the room of one thread.
private struct AttentionHead {
  let shape: AttentionShape
  let item: Int
  let head: Int
  let room: AttentionRoom
  let base: UnsafeMutableRawPointer
  let table: UnsafePointer<lmq_kernels>

  private func floats(_ offset: Int) -> UnsafeMutablePointer<Float> {
    (base + offset).assumingMemoryBound(to: Float.self)
  }

  /// Keys are transposed on their way, values are not.
  func pack(_ k: UnsafePointer<Float>, _ v: UnsafePointer<Float>) {
    let kvHead = head / (shape.heads / shape.kvHeads)
    let (kWidth, vWidth) = (shape.kvHeads * shape.size, shape.kvHeads * shape.valueSize)
    let keys = floats(room.keys)
    table.pointee.pack(
      k + item * shape.keys * kWidth + kvHead * shape.size, 1, kWidth, shape.size, shape.keys, shape.scale,
      keys)
    let v = v + item * shape.keys * vWidth + kvHead * shape.valueSize
    if let codes = room.codes {
      let width = Panel.width
      table.pointee.pack_codes(
        keys, width, shape.size * width, shape.size, shape.keys, base + codes.keys)
      table.pointee.pack_codes(v, vWidth, width, shape.keys, shape.valueSize, base + room.values)
    } else {
      table.pointee.pack(v, vWidth, 1, shape.keys, shape.valueSize, 1, floats(room.values))
    }
  }

  /// The rows of some queries.
  func attend(
    _ queries: Range<Int>, _ q: UnsafePointer<Float>, _ mask: UnsafePointer<UInt8>?,
    _ y: UnsafeMutablePointer<Float>, _ yStride: Int
  ) {
    let width = shape.heads * shape.size
    let first = item * shape.queries + queries.lowerBound
    let (q, y) = (q + first * width + head * shape.size, y + first * yStride + head * shape.valueSize)
    let scores = floats(room.scores)
    guard let coded = room.codes else {
      multiply(q, width, shape.size, room.keys, queries.count, shape.keys, scores, shape.scoreStride)
      forEachMask(queries, mask) { rows, mask in
        let stride = shape.scoreStride
        table.pointee.softmax(scores + rows.lowerBound * stride, stride, rows.count, shape.keys, mask)
      }
      return multiply(
        scores, shape.scoreStride, shape.keys, room.values, queries.count, shape.valueSize, y, yStride)
    }
    let codes = Codes(base, coded.queries, width: shape.size)
    table.pointee.quantize_rows(
      q, width, queries.count, shape.size, codes.start, codes.stride, codes.scales, codes.offsets)
    multiply(
      codes, codes.offsets, shape.size, coded.keys, queries.count, shape.keys, scores, shape.scoreStride)
    let shares = Codes(base, coded.shares, width: shape.keys)
    forEachMask(queries, mask) { rows, mask in
      let row = rows.lowerBound
      table.pointee.softmax_codes(
        scores + row * shape.scoreStride, shape.scoreStride, rows.count, shape.keys, mask,
        shares.start + row * shares.stride, shares.stride, shares.scales + row)
    }
    multiply(shares, nil, shape.keys, room.values, queries.count, shape.valueSize, y, yStride)
  }

  /// Calls `body` with rows of the tile that have one mask.
  private func forEachMask(
    _ queries: Range<Int>, _ mask: UnsafePointer<UInt8>?,
    _ body: (_ rows: Range<Int>, _ mask: UnsafePointer<UInt8>?) -> Void
  ) {
    let rows = 0..<queries.count
    guard let mask, let layout = shape.mask else { return body(rows, nil) }
    let own = mask + item * layout.item + head * layout.head
    guard layout.query != 0 else { return body(rows, own) }
    for row in rows { body(row..<row + 1, own + (queries.lowerBound + row) * layout.query) }
  }

  private func multiply(
    _ x: UnsafePointer<Float>, _ xStride: Int, _ k: Int, _ panels: Int, _ m: Int, _ n: Int,
    _ y: UnsafeMutablePointer<Float>, _ yStride: Int
  ) {
    var job = lmq_matmul()
    (job.x, job.x_stride, job.k) = (x, xStride, k)
    (job.panels, job.type) = (UnsafeRawPointer(base + panels), Int32(LMQ_F32))
    (job.y, job.y_stride, job.m, job.n) = (y, yStride, m, n)
    table.pointee.matmul(&job, 0, (n + Panel.width - 1) / Panel.width)
  }

  private func multiply(
    _ x: Codes, _ offsets: UnsafePointer<Int32>?, _ k: Int, _ panels: Int, _ m: Int, _ n: Int,
    _ y: UnsafeMutablePointer<Float>, _ yStride: Int
  ) {
    var job = lmq_matmul_int8()
    (job.x, job.x_stride, job.x_scales, job.x_offsets) = (
      UnsafePointer(x.start), x.stride, UnsafePointer(x.scales), offsets
    )
    (job.panels, job.k) = (UnsafeRawPointer(base + panels), UInt32(truncatingIfNeeded: k))
    (job.y, job.y_stride, job.m, job.n) = (y, yStride, m, n)
    table.pointee.matmul_int8(&job, 0, (n + Panel.width - 1) / Panel.width)
  }
}
