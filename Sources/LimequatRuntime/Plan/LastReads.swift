internal import LimequatBytes

/// The last step that reads each value's floats. Where codes are made by the step that makes the value, those
/// that read codes alone do not count. And whether all that read a value do so row by row, as float products.
struct LastReads: ~Copyable {
  /// By root; -1 for none.
  private var all: Table<Int32>
  private var ofFloats: Table<Int32>
  /// 0 before the first read of elements; -1: not all reads are of rows of one width.
  private var rowWidths: Table<Int>

  private init(
    all: consuming Table<Int32>, ofFloats: consuming Table<Int32>, rowWidths: consuming Table<Int>
  ) {
    self.all = all
    self.ofFloats = ofFloats
    self.rowWidths = rowWidths
  }

  static func make(values: Int) throws(RuntimeError) -> LastReads {
    LastReads(
      all: try Allocation.table(repeating: -1, count: values),
      ofFloats: try Allocation.table(repeating: -1, count: values),
      rowWidths: try Allocation.table(repeating: 0, count: values))
  }

  /// Steps are told in ascending order. `rowWidth` nil: it is no read of rows.
  mutating func read(_ root: Int, at step: Int, isOfCodes: Bool, rowWidth: Int?) {
    let step = Int32(truncatingIfNeeded: step)  // steps are fewer than 2^31
    all.replace(root, with: step)
    if !isOfCodes { ofFloats.replace(root, with: step) }
    let width = rowWidth ?? -1
    if let known = rowWidths[root], known != width { rowWidths.replace(root, with: known == 0 ? width : -1) }
  }

  /// The codes of `root` are made with it.
  mutating func makeCodes(of root: Int) { all.replace(root, with: ofFloats[root] ?? -1) }

  /// The width of the rows that all reads are of; nil where they are not, or there are none.
  func rowWidth(_ root: Int) -> Int? {
    guard let width = rowWidths[root], self[root] >= 0, width > 0 else { return nil }
    return width
  }

  /// -1 for none.
  subscript(root: Int) -> Int { Int(all[root] ?? -1) }
}
