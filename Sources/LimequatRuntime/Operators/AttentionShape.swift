internal import LimequatBytes
internal import LimequatGraph
internal import LimequatTensor

/// The sizes of scaled dot-product attention (ONNX Attention, 3-D inputs), and the room that each thread
/// works in.
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
  /// The products take 8-bit codes (formats/numerics.md, "Attention with codes").
  let usesCodes: Bool

  /// Queries of a tile, a multiple of every kernel's tile.
  static let tile = 48
  /// With more keys, or wider heads, sums of products of codes need not fit 32 bits.
  private static let mostCoded = 65_536

  /// Floats between rows of scores.
  var scoreStride: Int { (keys + Panel.width - 1) / Panel.width * Panel.width }
  var room: AttentionRoom { AttentionRoom(self) }
}

extension AttentionShape {
  /// The shape of an Attention node; nil only where shape inference would have refused it.
  /// `ofInt8`: q, k and v come from products with int8 weights.
  init?(_ node: Node, _ values: borrowing Table<PlannedValue>, ofInt8: Bool) {
    guard case .attention(let heads, let kvHeads, let scale) = node.op, heads > 0, kvHeads > 0,
      let q = node.input(at: 0).flatMap({ values[$0] })?.shape,
      let k = node.input(at: 1).flatMap({ values[$0] })?.shape,
      let v = node.input(at: 2).flatMap({ values[$0] })?.shape
    else { return nil }
    let size = q[2] / heads
    self.init(
      items: q[0], queries: q[1], keys: k[1], heads: heads, kvHeads: kvHeads, size: size,
      valueSize: v[2] / kvHeads, scale: scale ?? 1 / Float(size).squareRoot(),
      usesCodes: ofInt8 && max(size, k[1]) <= AttentionShape.mostCoded)
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

/// Where the parts of a thread's room lie.
struct AttentionRoom {
  /// A head's keys in f32 panels, its values in panels, and the scores of a tile.
  let keys, values, scores: Int
  let codes: Coded?
  let layout: RoomLayout

  /// The keys in panels of codes, and the codes of a tile's queries and of their shares of the keys.
  struct Coded {
    let keys: Int
    let queries, shares: CodesRoom
  }

  init(_ shape: AttentionShape) {
    var layout = RoomLayout()
    func take(_ k: Int, _ n: Int, _ type: ElementType) -> Int {
      layout.take(Panel.bytes(inputs: k, outputs: n, type: type) ?? .max, size: 1)
    }
    keys = take(shape.size, shape.keys, .f32)
    values = take(shape.keys, shape.valueSize, shape.usesCodes ? .int8 : .f32)
    scores = layout.take(AttentionShape.tile, shape.scoreStride, size: 4)
    codes =
      shape.usesCodes
      ? Coded(
        keys: take(shape.size, shape.keys, .int8),
        queries: CodesRoom(&layout, rows: AttentionShape.tile, width: shape.size),
        shares: CodesRoom(&layout, rows: AttentionShape.tile, width: shape.keys)) : nil
    self.layout = layout
  }
}
