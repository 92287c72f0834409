internal import LimequatBytes
internal import LimequatTensor

/// What is locked of memory that is used from its start on.
struct LockedPrefix {
  private var end = 0
  private var isRefused = false

  /// Locks what is used up to an offset, and the rest of the large page on which it ends, which the system
  /// would cut in two otherwise. Answers false when the system refuses that, and asks no more.
  mutating func grow(to used: Int, of pages: borrowing Pages) -> Bool {
    guard used > end, !isRefused else { return true }
    let address = Int(bitPattern: pages.start)
    let next = min(pages.size, (roundUp(address + used, to: 2 << 20) ?? .max) - address)
    isRefused = !pages.lockAsTouched(from: end, to: next)
    end = next
    return !isRefused
  }
}
