internal import CLimequatPlatform

/// Whole pages of memory straight from the system: all zero, taken up only where they are touched, and given
/// back for certain at the end, which an allocator may not do.
public struct Pages: ~Copyable, @unchecked Sendable {
  /// At a multiple of the page size, and so of 64.
  public let start: UnsafeMutableRawPointer
  /// In bytes.
  public let size: Int

  public init(size: Int) throws(BytesError) {
    guard size >= 0, let start = lmq_map_pages(max(size, 1)) else { throw .outOfMemory(bytes: size) }
    self.start = start
    self.size = size
  }

  /// Of the system, in bytes; a power of two.
  public static var pageSize: Int { Int(lmq_page_size()) }

  /// Gives the pages that lie between two offsets back to the system; they are zero when they are touched
  /// again.
  public func discard(from begin: Int, to end: Int) {
    let mask = Pages.pageSize - 1
    let last = end >= size ? size : end & ~mask
    let first = (max(0, begin) + mask) & ~mask
    if first < last { _ = madvise(start + first, last - first, MADV_DONTNEED) }
  }

  /// Keeps what lies between two offsets in memory. Answers whether the system allowed it.
  public func lock(from begin: Int, to end: Int) -> Bool {
    begin >= 0 && begin < end && end <= size && mlock(start + begin, end - begin) == 0
  }

  /// Keeps in memory what is touched from now on, in larger pages than usual where the system has them: what
  /// is read from end to end in each call is read faster then, up to a quarter. They are taken up as a whole,
  /// so what is touched should lie close together. Answers whether the system allowed to keep all of it.
  public func keep() -> Bool { lmq_keep_pages(start, size) }

  deinit { munmap(start, max(size, 1)) }
}
