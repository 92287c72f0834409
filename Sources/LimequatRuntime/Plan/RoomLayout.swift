internal import LimequatTensor

/// Parts of one allocation, one behind the other, each at a multiple of 64 bytes.
struct RoomLayout {
  private(set) var size = 0
  /// A size did not fit; offsets are of no use then.
  private(set) var isTooLarge = false

  static let alignment = 64

  /// Bytes from the start of one row of `bytes` bytes to that of the next: an odd number of cache lines, so
  /// that rows side by side do not meet in a few places of the first cache.
  static func spread(_ bytes: Int) -> Int { ((bytes + 63) / 64 | 1) * 64 }

  /// The offset of a part of `a * b` elements of `size` bytes.
  @inline(never)  // twenty copies would be two kilobytes of the library
  mutating func take(_ a: Int, _ b: Int = 1, size element: Int) -> Int {
    let (count, first) = a.multipliedReportingOverflow(by: b)
    let (bytes, second) = count.multipliedReportingOverflow(by: element)
    let start = size
    guard !first, !second, let padded = roundUp(bytes, to: RoomLayout.alignment) else {
      isTooLarge = true
      return 0
    }
    let (end, third) = start.addingReportingOverflow(padded)
    guard !third else {
      isTooLarge = true
      return 0
    }
    size = end
    return start
  }
}
