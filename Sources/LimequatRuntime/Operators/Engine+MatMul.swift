internal import CLimequatKernels
internal import LimequatTensor

/// A matrix product that threads share: cut into tiles of rows and ranges of panels, never within a sum.
struct SharedProduct {
  let job: lmq_matmul
  /// Rows of a tile, a multiple of 12 (and so of every kernel's tile) unless one tile has them all.
  private let rows: Int
  private let rowTiles: Int
  /// Panels of a unit.
  private let panels: Int
  private let panelCount: Int
  let units: Int

  /// Bytes of input rows that a tile may have, so that they stay in the second cache while panels pass.
  private static let tileBytes = 384 << 10
  /// Multiplications of a unit below which handing it to another thread costs more than it brings.
  static let leastWork = 1 << 18

  /// `unitWork`: the multiplications that a unit should have.
  init(_ job: lmq_matmul, unitWork: Int) {
    self.job = job
    let width = Panel.width
    let mostRows = max(24, SharedProduct.tileBytes / (4 * max(1, job.k)) / 12 * 12)
    let tiles = max(1, (job.m + mostRows - 1) / mostRows)
    // Tiles of nearly the same height.
    rows = tiles == 1 ? max(1, job.m) : ((job.m + tiles - 1) / tiles + 11) / 12 * 12
    rowTiles = max(1, (job.m + rows - 1) / rows)
    panelCount = (job.n + width - 1) / width
    let panelWork = max(1, rows * width * max(1, job.k))
    // Kernels copy a tile's inputs once for a few panels together.
    let wanted = max(1, unitWork / panelWork)
    panels = min(wanted < 4 ? wanted : wanted / 4 * 4, max(1, panelCount))
    units = rowTiles * ((panelCount + panels - 1) / panels)
  }

  /// Does one unit. Units that follow each other share their panels.
  func run(_ unit: Int, _ kernels: Kernels) {
    let row = unit % rowTiles * rows
    let panel = unit / rowTiles * panels
    var part = job
    part.m = min(rows, job.m - row)
    if let list = job.x_rows {
      part.x_rows = list + row
    } else {
      part.x += row * job.x_stride
    }
    part.y += row * job.y_stride
    if let residual = job.residual { part.residual = residual + row * job.residual_stride }
    kernels.table.pointee.matmul(&part, panel, min(panel + panels, panelCount))
  }

  /// The number of multiplications, as far as it matters for a fair share.
  static func work(_ job: lmq_matmul) -> Int { Int(min(Double(job.m) * Double(job.n) * Double(job.k), 1e12)) }
}

extension Engine {
  /// Shares of all work that each thread should get, so that an uneven start evens out.
  private static let sharesPerThread = 6

  private func unitWork(of total: Int) -> Int {
    pool.threads == 1
      ? Int.max : max(SharedProduct.leastWork, total / (Engine.sharesPerThread * pool.threads))
  }

  func multiply(_ job: lmq_matmul) {
    let product = SharedProduct(job, unitWork: unitWork(of: SharedProduct.work(job)))
    pool.run(product.units) { unit, _ in product.run(unit, kernels) }
  }

  /// Many products at once, as experts are: `count` of them, and room for one ``SharedProduct`` and the
  /// number of its first unit each.
  func multiply(
    _ jobs: UnsafePointer<lmq_matmul>, count: Int, products: UnsafeMutablePointer<SharedProduct>,
    firstUnits: UnsafeMutablePointer<Int>
  ) {
    var total = 0
    for index in 0..<count { total &+= SharedProduct.work(jobs[index]) }  // only a measure
    let unitWork = unitWork(of: total)
    var units = 0
    for index in 0..<count {
      products[index] = SharedProduct(jobs[index], unitWork: unitWork)
      firstUnits[index] = units
      units += products[index].units
    }
    pool.run(units) { unit, _ in
      // The last product that begins at or before this unit.
      var low = 0
      var high = count
      while high - low > 1 {
        let middle = (low + high) / 2
        if firstUnits[middle] <= unit { low = middle } else { high = middle }
      }
      products[low].run(unit - firstUnits[low], kernels)
    }
  }
}
