internal import LimequatBytes

/// The last step that reads each value's floats. Where codes are made by the step that makes the value, those
/// that read codes alone do not count. And whether all that read a value do so row by row, as float products.
struct LastReads: ~Copyable {
  /// By root; -1 for none.
  private var all: Table<Int32>
  private var ofFloats: Table<Int32>
  private var others: Table<Int32>

  private init(
    all: consuming Table<Int32>, ofFloats: consuming Table<Int32>, others: consuming Table<Int32>
  ) {
    self.all = all
    self.ofFloats = ofFloats
    self.others = others
  }

  static func make(values: Int) throws(RuntimeError) -> LastReads {
    LastReads(
      all: try Allocation.table(repeating: -1, count: values),
      ofFloats: try Allocation.table(repeating: -1, count: values),
      others: try Allocation.table(repeating: -1, count: values))
  }

  /// Steps are told in ascending order.
  mutating func read(_ root: Int, at step: Int, isOfCodes: Bool, isOfRows: Bool) {
    let step = Int32(truncatingIfNeeded: step)  // steps are fewer than 2^31
    all.replace(root, with: step)
    if !isOfCodes { ofFloats.replace(root, with: step) }
    if !isOfRows { others.replace(root, with: step) }
  }

  /// The codes of `root` are made with it.
  mutating func makeCodes(of root: Int) { all.replace(root, with: ofFloats[root] ?? -1) }

  /// Whether all reads are of rows, and there are any.
  func areOfRows(_ root: Int) -> Bool { all[root] ?? -1 >= 0 && others[root] ?? -1 < 0 }

  /// -1 for none.
  subscript(root: Int) -> Int { Int(all[root] ?? -1) }
}
