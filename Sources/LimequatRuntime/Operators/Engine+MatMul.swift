internal import CLimequatKernels
internal import LimequatTensor

/// A matrix product that threads share: cut into tiles of rows and ranges of panels, never within a sum.
struct SharedProduct {
  private let product: Product
  /// Rows of a tile, a multiple of 12 (and so of every kernel's tile) unless one tile has them all.
  private let rows: Int
  private let rowTiles: Int
  private let panels: Int
  private let panelRanges: Int
  var units: Int { rowTiles * panelRanges }

  /// Bytes of input rows that a tile may have, so that they stay in the second cache while panels pass.
  private static let tileBytes = 384 << 10
  /// Up to so many rows a product takes as long as its weights need to come, or not much longer.
  private static let fewRows = 16
  /// Where inputs are copied, that is done for each unit: a unit should rather have so many panels than more
  /// than so many rows, unless threads would go without.
  private static func leastPanels(rows: Int) -> Int { rows <= fewRows ? 2 : 8 }
  private static let leastRows = 64
  /// Work of a unit below which handing it to another thread costs more than it brings.
  private static let leastWork = 1 << 18
  /// Shares of all work that each thread should get, so that an uneven start and end even out. Of few rows
  /// more, since weights that follow each other come on as before.
  private static func sharesPerThread(rows: Int) -> Int { rows <= fewRows ? 24 : 6 }

  /// `total`: the work of this product and those that `threads` threads share with it.
  init(_ product: Product, of total: Int, threads: Int) {
    self.product = product
    panels = max(1, product.panels)
    let allShares = SharedProduct.sharesPerThread(rows: product.m) * threads
    let leastPanels = SharedProduct.leastPanels(rows: product.m)
    let unitWork =
      threads == 1 ? Int.max : max(SharedProduct.leastWork, (total &+ allShares &- 1) / allShares)
    let mostRows = max(24, SharedProduct.tileBytes / max(1, product.rowBytes) / 12 * 12)
    let shares = product.work / unitWork * leastPanels / panels
    let tiles = max(
      1, (product.m + mostRows - 1) / mostRows, min(shares, product.m / SharedProduct.leastRows))
    // Tiles of nearly the same height.
    rows = tiles == 1 ? max(1, product.m) : ((product.m + tiles - 1) / tiles + 11) / 12 * 12
    rowTiles = max(1, (product.m + rows - 1) / rows)
    let wanted = Double(product.work / rowTiles) / Double(unitWork)
    let copies = product.copiesInputs
    var ranges = max(1, min(Int(wanted.rounded(copies ? .toNearestOrEven : .up)), panels))
    if copies {
      ranges = min(ranges, max(threads, panels / leastPanels))
      // Even shares.
      if ranges > threads, rowTiles % threads != 0 { ranges -= ranges % threads }
    }
    panelRanges = ranges
  }

  /// The rows and panels of a unit. Units that follow each other share their panels; none has more than one
  /// panel more than another.
  func part(_ unit: Int) -> (rows: Range<Int>, panels: Range<Int>) {
    let row = unit % rowTiles * rows
    let range = unit / rowTiles
    return (
      row..<min(row + rows, product.m),
      range * panels / panelRanges..<(range + 1) * panels / panelRanges
    )
  }

  func run(_ unit: Int, _ kernels: Kernels) {
    let part = part(unit)
    product.run(rows: part.rows, panels: part.panels, kernels)
  }
}

extension Engine {
  func multiply(_ product: Product) {
    let shared = SharedProduct(product, of: product.work, threads: pool.threads)
    pool.run(shared.units) { unit, _ in shared.run(unit, kernels) }
  }

  /// Many products at once, as experts are: `count` of them, and room for one ``SharedProduct`` and the
  /// number of its first unit each.
  func multiply(
    _ jobs: UnsafePointer<Product>, count: Int, products: UnsafeMutablePointer<SharedProduct>,
    firstUnits: UnsafeMutablePointer<Int>
  ) {
    var total = 0
    for index in 0..<count { total &+= jobs[index].work }  // only a measure
    var units = 0
    for index in 0..<count {
      products[index] = SharedProduct(jobs[index], of: total, threads: pool.threads)
      firstUnits[index] = units
      units += products[index].units
    }
    pool.run(units) { unit, _ in
      let index = Engine.owner(of: unit, firstUnits, count)
      products[index].run(unit - firstUnits[index], kernels)
    }
  }

  /// The last of `count` pieces of work that begins at or before a unit.
  static func owner(of unit: Int, _ firstUnits: UnsafePointer<Int>, _ count: Int) -> Int {
    var low = 0
    var high = count
    while high - low > 1 {
      let middle = (low + high) / 2
      if firstUnits[middle] <= unit { low = middle } else { high = middle }
    }
    return low
  }
}
