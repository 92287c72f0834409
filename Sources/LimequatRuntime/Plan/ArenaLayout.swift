internal import LimequatBytes
internal import LimequatTensor

/// Gives parts of one allocation to values by their lifetime: best fit among the gaps between living parts.
struct ArenaLayout: ~Copyable {
  private struct Part {
    var start: Int
    var end: Int
  }
  /// Living parts, ascending, in the first `living` places.
  private var parts: Table<Part>
  private var living = 0
  /// The end of the highest part there ever was, in bytes.
  private(set) var size = 0

  static let alignment = 64

  private init(parts: consuming Table<Part>) { self.parts = parts }

  /// At most `capacity` parts live together.
  static func make(capacity: Int) throws(RuntimeError) -> ArenaLayout {
    ArenaLayout(parts: try Allocation.table(repeating: Part(start: 0, end: 0), count: capacity))
  }

  /// The offset of a new part; nil when sizes do not fit.
  mutating func take(_ bytes: Int) -> Int? {
    guard let size = roundUp(max(1, bytes), to: ArenaLayout.alignment), living < parts.count else {
      return nil
    }
    var place = living
    var start = living > 0 ? parts[living - 1]?.end ?? 0 : 0
    var best = Int.max
    var end = 0
    for index in 0..<living {
      guard let part = parts[index] else { return nil }
      let gap = part.start - end
      if gap >= size, gap < best {
        best = gap
        place = index
        start = end
      }
      end = part.end
    }
    let (stop, overflow) = start.addingReportingOverflow(size)
    guard !overflow else { return nil }
    var index = living
    while index > place {
      if let part = parts[index - 1] { parts.replace(index, with: part) }
      index -= 1
    }
    parts.replace(place, with: Part(start: start, end: stop))
    living += 1
    self.size = max(self.size, stop)
    return start
  }

  /// Ends the life of the part at `start`.
  mutating func give(_ start: Int) {
    var found = 0
    while found < living, parts[found]?.start != start { found += 1 }
    guard found < living else { return }
    for index in found..<living - 1 {
      if let part = parts[index + 1] { parts.replace(index, with: part) }
    }
    living -= 1
  }
}
