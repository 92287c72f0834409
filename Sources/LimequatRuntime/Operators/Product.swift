internal import CLimequatKernels
internal import LimequatBytes
internal import LimequatTensor

/// A matrix product as kernels take it: with float weights, or with int8 weights and activations.
struct Product {
  private enum Job {
    case float(lmq_matmul)
    case int8(lmq_matmul_int8)
  }
  private let job: Job
  /// What panels are added to as they are used; nil: nothing.
  private var checksum: UnsafePointer<RunningChecksum>?

  static func float(_ job: lmq_matmul) -> Product { Product(job: .float(job)) }
  static func int8(_ job: lmq_matmul_int8) -> Product { Product(job: .int8(job)) }

  var m: Int {
    switch job {
    case .float(let job): job.m
    case .int8(let job): job.m
    }
  }
  var k: Int {
    switch job {
    case .float(let job): job.k
    case .int8(let job): Int(job.k)
    }
  }
  var n: Int {
    switch job {
    case .float(let job): job.n
    case .int8(let job): job.n
    }
  }

  var y: UnsafeMutablePointer<Float> {
    switch job {
    case .float(let job): job.y
    case .int8(let job): job.y
    }
  }
  var panels: Int { (n + Panel.width - 1) / Panel.width }

  /// Where panels lie, without the scales and row sums behind them, and the bytes of each.
  private var storedPanels: (start: UnsafeRawPointer, size: Int) {
    switch job {
    case .float(let job):
      (job.panels, Panel.width * job.k * (job.type == ElementType.f32.rawValue ? 4 : 2))
    case .int8(let job):
      (job.panels, Panel.width * ((Int(job.k) + Panel.group - 1) / Panel.group * Panel.group))
    }
  }

  /// Has everything from the panels to `end` added to a checksum: panels as they are used, the rest now.
  mutating func add(to checksum: UnsafePointer<RunningChecksum>, until end: UnsafeRawPointer) {
    let (start, size) = storedPanels
    let rest = start + panels * size
    checksum.pointee.add(rest, end - rest)
    self.checksum = checksum
  }

  /// Bytes of an input row.
  var rowBytes: Int {
    switch job {
    case .float(let job): 4 * job.k
    case .int8(let job): Int(job.k)
    }
  }

  /// Whether kernels may have to copy input rows to multiply them. Floats 2 KB apart are copied, too, but
  /// ``PaddedRows`` makes that rare.
  var copiesInputs: Bool {
    switch job {
    case .float(let job): job.x_rows != nil
    case .int8: true
    }
  }

  /// The number of multiplications, as far as it matters for a fair share; int8 ones are several times
  /// faster. Few rows take as long as some more would, since they wait for the weights.
  var work: Int {
    let products = Double(m == 0 ? 0 : max(m, 8)) * Double(n) * Double(k)
    switch job {
    case .float: return Int(min(products, 1e12))
    case .int8: return Int(min(products, 1e12)) / 4
    }
  }

  /// Rows, and the floats from one to the next.
  typealias Rows = (start: UnsafeMutablePointer<Float>, stride: Int)

  /// Bytes of panels that are added to a checksum, and then multiplied out of the second cache.
  private static let addedBytes = 256 << 10

  /// Rows `range` of the product, and the panels `panels` of them. They go to `place`, if it is given, rather
  /// than where the product has them.
  func run(rows range: Range<Int>, panels: Range<Int>, to place: Rows? = nil, _ kernels: Kernels) {
    // Those who have other rows use the same panels.
    guard let checksum, range.lowerBound == 0 else {
      return multiply(rows: range, panels: panels, to: place, kernels)
    }
    let (start, size) = storedPanels
    let step = max(1, Product.addedBytes / max(1, size))
    var sum = CRC32C.ofPart
    var first = panels.lowerBound
    while first < panels.upperBound {
      let part = first..<min(first + step, panels.upperBound)
      sum.update(UnsafeRawBufferPointer(start: start + first * size, count: part.count * size))
      multiply(rows: range, panels: part, to: place, kernels)
      first = part.upperBound
    }
    checksum.pointee.add(sum, until: start + first * size)
  }

  private func multiply(rows range: Range<Int>, panels: Range<Int>, to place: Rows?, _ kernels: Kernels) {
    let row = range.lowerBound
    switch job {
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
