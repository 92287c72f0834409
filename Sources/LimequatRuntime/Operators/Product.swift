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
    case .int8(let job): Int(job.k)
    }
  }
  var n: Int {
    switch self {
    case .float(let job): job.n
    case .int8(let job): job.n
    }
  }

  var y: UnsafeMutablePointer<Float> {
    switch self {
    case .float(let job): job.y
    case .int8(let job): job.y
    }
  }
  var panels: Int { (n + Panel.width - 1) / Panel.width }

  /// Bytes of an input row.
  var rowBytes: Int {
    switch self {
    case .float(let job): 4 * job.k
    case .int8(let job): Int(job.k)
    }
  }

  /// Whether kernels may have to copy input rows to multiply them. Floats 2 KB apart are copied, too, but
  /// ``PaddedRows`` makes that rare.
  var copiesInputs: Bool {
    switch self {
    case .float(let job): job.x_rows != nil
    case .int8: true
    }
  }

  /// The number of multiplications, as far as it matters for a fair share; int8 ones are several times
  /// faster. Few rows take as long as some more would, since they wait for the weights.
  var work: Int {
    let products = Double(m == 0 ? 0 : max(m, 8)) * Double(n) * Double(k)
    switch self {
    case .float: return Int(min(products, 1e12))
    case .int8: return Int(min(products, 1e12)) / 4
    }
  }

  /// Rows, and the floats from one to the next.
  typealias Rows = (start: UnsafeMutablePointer<Float>, stride: Int)

  /// Rows `range` of the product, and the panels `panels` of them. They go to `place`, if it is given, rather
  /// than where the product has them.
  func run(rows range: Range<Int>, panels: Range<Int>, to place: Rows? = nil, _ kernels: Kernels) {
    let row = range.lowerBound
    switch self {
    case .float(var part):
      part.m = range.count
      if let list = part.x_rows { part.x_rows = list + row } else { part.x += row * part.x_stride }
      (part.y, part.y_stride) = place ?? (part.y + row * part.y_stride, part.y_stride)
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
      (part.y, part.y_stride) = place ?? (part.y + row * part.y_stride, part.y_stride)
      if let residual = part.residual { part.residual = residual + row * part.residual_stride }
      kernels.table.pointee.matmul_int8(&part, panels.lowerBound, panels.upperBound)
    }
  }
}
