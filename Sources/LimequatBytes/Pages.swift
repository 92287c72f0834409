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
    guard begin < end else { return }
    let mask = Pages.pageSize - 1
    let last = end >= size ? size : end & ~mask
    let first = (max(0, begin) + mask) & ~mask
    if first < last { _ = madvise(start + first, last - first, MADV_DONTNEED) }
  }

  /// Asks for large pages, from which memory is read up to a quarter faster. Each is taken up as a whole, so
  /// what is touched should lie close together.
  public func preferLarge() { lmq_prefer_large_pages(start, size) }

  /// Keeps in memory what is touched between two offsets, now or later. Answers whether the system allowed
  /// that.
  public func lockAsTouched(from begin: Int, to end: Int) -> Bool {
    begin >= 0 && begin < end && end <= size && lmq_lock_as_touched(start + begin, end - begin)
  }

  deinit { munmap(start, max(size, 1)) }
}
