internal import LimequatBytes
internal import LimequatTensor

/// The plans of the last few combinations of input dims.
struct PlanCache: ~Copyable {
  private struct Entry {
    var signature: Int
    var plan: Plan?
    /// When it was used last.
    var time: Int
  }
  private var entries: Table<Entry>
  private var time = 0

  /// Plans that are kept.
  static let capacity = 8

  private init(entries: consuming Table<Entry>) { self.entries = entries }

  static func make() throws(RuntimeError) -> PlanCache {
    let empty = Entry(signature: -1, plan: nil, time: 0)
    return PlanCache(entries: try Allocation.table(repeating: empty, count: PlanCache.capacity))
  }

  /// Plans that are held.
  var count: Int {
    var count = 0
    for index in 0..<entries.count where entries[index]?.plan != nil { count += 1 }
    return count
  }

  mutating func find(_ signature: Int, _ shapes: borrowing Table<Shape>) -> Plan? {
    for index in 0..<entries.count {
      guard var entry = entries[index], entry.signature == signature, let plan = entry.plan, plan.fits(shapes)
      else { continue }
      time += 1
      entry.time = time
      entries.replace(index, with: entry)
      return plan
    }
    return nil
  }

  /// Takes the place of the plan that was not used for the longest time.
  mutating func add(_ signature: Int, _ plan: Plan) {
    var oldest = 0
    for index in 1..<entries.count where (entries[index]?.time ?? 0) < (entries[oldest]?.time ?? 0) {
      oldest = index
    }
    time += 1
    entries.replace(oldest, with: Entry(signature: signature, plan: plan, time: time))
  }

  mutating func clear() {
    for index in 0..<entries.count { entries.replace(index, with: Entry(signature: -1, plan: nil, time: 0)) }
  }
}
