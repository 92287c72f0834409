internal import LimequatBytes
internal import Synchronization

/// What is known of each of a number of parts of the file. Parts are looked at by several threads at once:
/// whoever comes first to a result writes it, and it stays.
final class PartStates: @unchecked Sendable {
  private typealias Word = Atomic<UInt>
  private let memory: Buffer
  private let words: UnsafeMutablePointer<Word>
  let count: Int

  enum State {
    /// Nobody looked at it.
    case unseen
    /// It is as the file says, and lies here: at a multiple of 4.
    case ready(UnsafeMutableRawPointer)
    /// Its bytes have this checksum, and should have another one.
    case damaged(UInt32)
  }

  private init(memory: consuming Buffer, count: Int) {
    words = memory.start.bindMemory(to: Word.self, capacity: count)
    for index in 0..<count { (words + index).initialize(to: Word(0)) }
    self.memory = memory
    self.count = count
  }

  static func make(count: Int) throws(RuntimeError) -> PartStates {
    // An entry of the manifest each, so the size fits.
    PartStates(memory: try Allocation.buffer(size: count * MemoryLayout<Word>.stride), count: count)
  }

  subscript(_ index: Int) -> State {
    guard index >= 0, index < count else { return .unseen }
    let word = words[index].load(ordering: .acquiring)
    if word & 1 != 0 { return .damaged(UInt32(truncatingIfNeeded: word >> 2)) }
    return UnsafeMutableRawPointer(bitPattern: word).map { .ready($0) } ?? .unseen
  }

  /// Where a part lies that is ready.
  func pointer(_ index: Int) -> UnsafeRawPointer? {
    if case .ready(let start) = self[index] { UnsafeRawPointer(start) } else { nil }
  }

  /// Writes the state of a part that nobody saw, unless another thread was first.
  func settle(_ index: Int, _ state: State) {
    guard index >= 0, index < count else { return }
    let word: UInt
    switch state {
    case .unseen: return
    case .ready(let start): word = UInt(bitPattern: start)
    case .damaged(let checksum): word = UInt(checksum) << 2 | 1
    }
    _ = words[index].compareExchange(expected: 0, desired: word, ordering: .acquiringAndReleasing)
  }
}
