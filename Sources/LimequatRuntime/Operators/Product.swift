internal import CLimequatKernels
internal import LimequatTensor

/// A matrix product as kernels take it: with float weights, or with int8 weights and activations.
enum Product {
  case float(lmq_matmul)
  case int8(lmq_matmul_int8)

  var m: Int {
    switch self {
    case .float(let job): job.m
    case .int8(let job): job.m
    }
  }
  var k: Int {
    switch self {
    case .float(let job): job.k
    case .int8(let job): job.k
    }
  }
  var n: Int {
    switch self {
    case .float(let job): job.n
    case .int8(let job): job.n
    }
  }

  /// Bytes of an input row.
  var rowBytes: Int {
    switch self {
    case .float(let job): 4 * job.k
    case .int8(let job): job.k
    }
  }

  /// The number of multiplications, as far as it matters for a fair share; int8 ones are several times
  /// faster.
  var work: Int {
    let products = Double(m) * Double(n) * Double(k)
    switch self {
    case .float: return Int(min(products, 1e12))
    case .int8: return Int(min(products, 1e12)) / 4
    }
  }

  /// Rows `range` of the product, and the panels `panels` of them.
  func run(rows range: Range<Int>, panels: Range<Int>, _ kernels: Kernels) {
    let row = range.lowerBound
    switch self {
    case .float(var part):
      part.m = range.count
      if let list = part.x_rows { part.x_rows = list + row } else { part.x += row * part.x_stride }
      part.y += row * part.y_stride
      if let residual = part.residual { part.residual = residual + row * part.residual_stride }
      kernels.table.pointee.matmul(&part, panels.lowerBound, panels.upperBound)
    case .int8(var part):
      part.m = range.count
      if let list = part.x_rows {
        part.x_rows = list + row
      } else {
        part.x += row * part.x_stride
        part.x_scales += row
        part.x_offsets += row
      }
      part.y += row * part.y_stride
      if let residual = part.residual { part.residual = residual + row * part.residual_stride }
      kernels.table.pointee.matmul_int8(&part, panels.lowerBound, panels.upperBound)
    }
  }
}

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
    stride = CodesRoom.stride(width)
    scales = (base + room.scales).assumingMemoryBound(to: Float.self)
    offsets = (base + room.offsets).assumingMemoryBound(to: Int32.self)
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
    codes = layout.take(rows, CodesRoom.stride(width), size: 1)
    scales = layout.take(rows, size: 4)
    offsets = layout.take(rows, size: 4)
  }

  /// An odd number of cache lines: kernels read several rows side by side, which should not lie in the same
  /// places of the first cache.
  static func stride(_ width: Int) -> Int { ((width + 63) / 64 | 1) * 64 }
}

extension Engine {
  /// Codes of rows of `width` floats, each row with its own scale and offset (formats/numerics.md, "Int8").
  func quantize(_ x: UnsafePointer<Float>, rows: Int, width: Int, into codes: Codes) {
    forRows(rows, width: width) { range, _ in
      let row = range.lowerBound
      table.quantize_rows(
        x + row * width, width, range.count, width, codes.start + row * codes.stride, codes.stride,
        codes.scales + row, codes.offsets + row)
    }
  }
}
