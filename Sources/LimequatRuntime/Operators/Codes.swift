internal import CLimequatKernels
internal import LimequatTensor

/// The 8-bit codes of some rows: of activations, or of the shares that attention gives to keys.
struct Codes {
  let start: UnsafeMutablePointer<UInt8>
  /// Elements between rows.
  let stride: Int
  /// One for each row, as the offsets.
  let scales: UnsafeMutablePointer<Float>
  let offsets: UnsafeMutablePointer<Int32>

  /// Where codes of rows of `width` lie in a room that begins at `base`.
  init(_ base: UnsafeMutableRawPointer, _ room: CodesRoom, width: Int) {
    start = (base + room.codes).assumingMemoryBound(to: UInt8.self)
    stride = RoomLayout.spread(width)
    scales = (base + room.scales).assumingMemoryBound(to: Float.self)
    offsets = (base + room.offsets).assumingMemoryBound(to: Int32.self)
  }

  /// Codes of some rows in a room of their own.
  init(_ base: UnsafeMutableRawPointer, rows: Int, width: Int) {
    var layout = RoomLayout()
    self.init(base, CodesRoom(&layout, rows: rows, width: width), width: width)
  }

  private init(
    start: UnsafeMutablePointer<UInt8>, stride: Int, scales: UnsafeMutablePointer<Float>,
    offsets: UnsafeMutablePointer<Int32>
  ) {
    self.start = start
    self.stride = stride
    self.scales = scales
    self.offsets = offsets
  }

  /// The codes from row `rows` on.
  func advanced(by rows: Int) -> Codes {
    Codes(start: start + rows * stride, stride: stride, scales: scales + rows, offsets: offsets + rows)
  }
}

/// The room of codes: offsets in a ``RoomLayout``.
struct CodesRoom {
  let codes: Int
  let scales: Int
  let offsets: Int

  init(_ layout: inout RoomLayout, rows: Int, width: Int) {
    codes = layout.take(rows, RoomLayout.spread(width), size: 1)
    scales = layout.take(rows, size: 4)
    offsets = layout.take(rows, size: 4)
  }
}

extension Engine {
  /// Codes of rows of `width` floats, each row with its own scale and offset (formats/numerics.md, "Int8").
  func quantize(_ x: UnsafePointer<Float>, rows: Int, width: Int, into codes: Codes) {
    forRows(rows, width: width) { part, _ in
      let start = part.lowerBound
      quantizeHere(
        x + start * width, stride: width, rows: part.count, width: width, into: codes.advanced(by: start))
    }
  }

  /// The same on this thread.
  func quantizeHere(_ x: UnsafePointer<Float>, stride: Int, rows: Int, width: Int, into codes: Codes) {
    table.quantize_rows(x, stride, rows, width, codes.start, codes.stride, codes.scales, codes.offsets)
  }
}
