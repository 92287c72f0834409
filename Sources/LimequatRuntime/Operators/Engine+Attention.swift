internal import CLimequatKernels
internal import LimequatBytes
internal import LimequatGraph
internal import LimequatTensor

/// Scaled dot-product attention (ONNX Attention, 3-D inputs): softmax(q (k * scale)ᵀ) v for each item and
/// head.
///
/// For each head, keys and values are packed into panels, keys times the scale; then tiles of queries run
/// through both products with their whole rows of scores kept.
struct AttentionShape {
  let items: Int
  let queries: Int
  let keys: Int
  let heads: Int
  /// Divides `heads`; query head h reads key head h / (heads / kvHeads).
  let kvHeads: Int
  /// Width of a head of q and k, and of v.
  let size: Int
  let valueSize: Int
  let scale: Float
  var mask: AttentionMask?

  /// Queries of a tile, a multiple of every kernel's tile.
  static let tile = 48

  private var keyPanels: Int { (keys + Panel.width - 1) / Panel.width }
  private var valuePanels: Int { (valueSize + Panel.width - 1) / Panel.width }
  var scoreStride: Int { keyPanels * Panel.width }

  // Parts of a thread's room, in floats; each begins at a multiple of 64 bytes.
  var packedKeys: Int { 0 }
  var packedValues: Int { size * scoreStride }
  var scores: Int { packedValues + keys * valuePanels * Panel.width }
  /// Floats that each thread needs, a multiple of 16.
  var room: Int { scores + AttentionShape.tile * scoreStride }
}

extension AttentionShape {
  /// The shape of an Attention node; nil only where shape inference would have refused it.
  init?(_ node: Node, _ values: borrowing Table<PlannedValue>) {
    guard case .attention(let heads, let kvHeads, let scale) = node.op, heads > 0, kvHeads > 0,
      let q = node.input(at: 0).flatMap({ values[$0] })?.shape,
      let k = node.input(at: 1).flatMap({ values[$0] })?.shape,
      let v = node.input(at: 2).flatMap({ values[$0] })?.shape
    else { return nil }
    let size = q[2] / heads
    self.init(
      items: q[0], queries: q[1], keys: k[1], heads: heads, kvHeads: kvHeads, size: size,
      valueSize: v[2] / kvHeads, scale: scale ?? 1 / Float(size).squareRoot())
    if let mask = node.input(at: 3).flatMap({ values[$0] })?.shape {
      self.mask = AttentionMask(mask, items: items, heads: heads, queries: queries, keys: keys)
    }
  }

  /// Bytes for a mask whose last dim is spread over the keys.
  var maskRoom: Int { mask.map { $0.isSpread ? $0.rows * keys : 0 } ?? 0 }
}

/// A mask that is broadcast to (items, heads, queries, keys): the distances between its entries for
/// neighbours along the first three dims, with keys side by side.
struct AttentionMask {
  /// 0 where the mask is broadcast.
  let item, head, query: Int
  /// The mask has one entry for all keys.
  let isSpread: Bool
  /// Rows of keys in the mask.
  let rows: Int

  init(_ shape: Shape, items: Int, heads: Int, queries: Int, keys: Int) {
    let dims = (
      shape.rank > 3 ? shape[-4] : 1, shape.rank > 2 ? shape[-3] : 1, shape.rank > 1 ? shape[-2] : 1
    )
    isSpread = (shape.rank > 0 ? shape[-1] : 1) != keys
    query = dims.2 == 1 ? 0 : keys
    head = dims.1 == 1 ? 0 : dims.2 * keys
    item = dims.0 == 1 ? 0 : dims.1 * dims.2 * keys
    rows = dims.0 * dims.1 * dims.2
  }
}

extension Engine {
  /// q (items, queries, heads * size), k and v (items, keys, kvHeads * their size), y (items, queries,
  /// heads * valueSize). `mask`: bytes, or nil. `room`: of each thread, `shape.room` floats.
  func attention(
    _ shape: AttentionShape, q: UnsafePointer<Float>, k: UnsafePointer<Float>, v: UnsafePointer<Float>,
    mask: UnsafePointer<UInt8>?, y: UnsafeMutablePointer<Float>, room: UnsafeMutablePointer<Float>
  ) {
    let tiles = (shape.queries + AttentionShape.tile - 1) / AttentionShape.tile
    let heads = shape.items * shape.heads
    // Whole heads, unless there are too few for the threads.
    let shares = heads >= 4 * pool.threads ? 1 : tiles
    pool.run(heads * shares) { index, worker in
      let head = AttentionHead(
        shape: shape, item: index / shares / shape.heads, head: index / shares % shape.heads,
        room: room + worker * shape.room, table: kernels.table)
      head.pack(k, v)
      let share = index % shares
      for tile in (share * tiles / shares)..<((share + 1) * tiles / shares) {
        let start = tile * AttentionShape.tile
        head.attend(start..<min(start + AttentionShape.tile, shape.queries), q, mask, y)
      }
    }
  }
}

/// One head of one item, in the room of one thread.
private struct AttentionHead {
  let shape: AttentionShape
  let item: Int
  let head: Int
  let room: UnsafeMutablePointer<Float>
  let table: UnsafePointer<lmq_kernels>

  func pack(_ k: UnsafePointer<Float>, _ v: UnsafePointer<Float>) {
    let kvHead = head / (shape.heads / shape.kvHeads)
    let (kWidth, vWidth) = (shape.kvHeads * shape.size, shape.kvHeads * shape.valueSize)
    table.pointee.pack(
      k + item * shape.keys * kWidth + kvHead * shape.size, 1, kWidth, shape.size, shape.keys, shape.scale,
      room + shape.packedKeys)
    table.pointee.pack(
      v + item * shape.keys * vWidth + kvHead * shape.valueSize, vWidth, 1, shape.keys, shape.valueSize, 1,
      room + shape.packedValues)
  }

  /// The rows of some queries.
  func attend(
    _ queries: Range<Int>, _ q: UnsafePointer<Float>, _ mask: UnsafePointer<UInt8>?,
    _ y: UnsafeMutablePointer<Float>
  ) {
    let scores = room + shape.scores
    let width = shape.heads * shape.size
    multiply(
      q + (item * shape.queries + queries.lowerBound) * width + head * shape.size, width, shape.size,
      room + shape.packedKeys, queries.count, shape.keys, scores, shape.scoreStride)
    soften(queries, mask, scores)
    let outWidth = shape.heads * shape.valueSize
    multiply(
      scores, shape.scoreStride, shape.keys, room + shape.packedValues, queries.count, shape.valueSize,
      y + (item * shape.queries + queries.lowerBound) * outWidth + head * shape.valueSize, outWidth)
  }

  private func soften(
    _ queries: Range<Int>, _ mask: UnsafePointer<UInt8>?, _ scores: UnsafeMutablePointer<Float>
  ) {
    let stride = shape.scoreStride
    guard let mask else { return table.pointee.softmax(scores, stride, queries.count, shape.keys, nil) }
    let strides = (shape.mask?.item ?? 0, shape.mask?.head ?? 0, shape.mask?.query ?? 0)
    let own = mask + item * strides.0 + head * strides.1
    guard strides.2 != 0 else {
      return table.pointee.softmax(scores, stride, queries.count, shape.keys, own)
    }
    for row in 0..<queries.count {
      table.pointee.softmax(
        scores + row * stride, stride, 1, shape.keys, own + (queries.lowerBound + row) * strides.2)
    }
  }

  private func multiply(
    _ x: UnsafePointer<Float>, _ xStride: Int, _ k: Int, _ panels: UnsafePointer<Float>, _ m: Int, _ n: Int,
    _ y: UnsafeMutablePointer<Float>, _ yStride: Int
  ) {
    var job = lmq_matmul()
    (job.x, job.x_stride, job.k) = (x, xStride, k)
    (job.panels, job.type) = (UnsafeRawPointer(panels), Int32(LMQ_F32))
    (job.y, job.y_stride, job.m, job.n) = (y, yStride, m, n)
    table.pointee.matmul(&job, 0, (n + Panel.width - 1) / Panel.width)
  }
}
