internal import LimequatBytes

/// The last step that reads each value's floats. Where codes are made by the step that makes the value, those
/// that read codes alone do not count. And whether all that read a value do so row by row, as float products.
struct LastReads: ~Copyable {
  /// By root; -1 for none.
  private var all: Table<Int32>
  private var ofFloats: Table<Int32>
  private var haveRowsOnly: Table<Bool>

  private init(
    all: consuming Table<Int32>, ofFloats: consuming Table<Int32>, haveRowsOnly: consuming Table<Bool>
  ) {
    self.all = all
    self.ofFloats = ofFloats
    self.haveRowsOnly = haveRowsOnly
  }

  static func make(values: Int) throws(RuntimeError) -> LastReads {
    LastReads(
      all: try Allocation.table(repeating: -1, count: values),
      ofFloats: try Allocation.table(repeating: -1, count: values),
      haveRowsOnly: try Allocation.table(repeating: true, count: values))
  }

  /// Steps are told in ascending order.
  mutating func read(_ root: Int, at step: Int, isOfCodes: Bool, isOfRows: Bool) {
    let step = Int32(truncatingIfNeeded: step)  // steps are fewer than 2^31
    all.replace(root, with: step)
    if !isOfCodes { ofFloats.replace(root, with: step) }
    if !isOfRows { haveRowsOnly.replace(root, with: false) }
  }

  /// The codes of `root` are made with it.
  mutating func makeCodes(of root: Int) { all.replace(root, with: ofFloats[root] ?? -1) }

  /// Whether all reads are of rows, and there are any.
  func areOfRows(_ root: Int) -> Bool { self[root] >= 0 && haveRowsOnly[root] == true }

  /// -1 for none.
  subscript(root: Int) -> Int { Int(all[root] ?? -1) }
}
