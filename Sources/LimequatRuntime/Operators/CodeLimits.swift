internal import CLimequatKernels
internal import CLimequatPlatform
internal import LimequatBytes
internal import LimequatContainer
internal import Synchronization

/// What the kernel table wants to know of the int8 matrices of a model (`lmq_kernels.limit_int8`): made where
/// it is of use, and kept. It is of use for speed alone, and left out where there is no memory for it.
final class CodeLimits: @unchecked Sendable {
  private typealias Word = Atomic<UInt>
  private let container: Container
  private let table: UnsafePointer<lmq_kernels>
  /// Of each matrix where its limits are, or 1 if few rows could have used them once, or 0: first of the
  /// tensors, then of the experts of all banks.
  private let memory: Buffer
  private let words: UnsafeMutablePointer<Word>
  private let count: Int

  /// Making limits takes about as long as they spare in a product of so many rows.
  private static let rowsAtOnce = 40

  private init(
    _ container: Container, _ table: UnsafePointer<lmq_kernels>, memory: consuming Buffer, count: Int
  ) {
    words = memory.start.bindMemory(to: Word.self, capacity: count)
    for index in 0..<count { (words + index).initialize(to: Word(0)) }
    self.memory = memory
    self.container = container
    self.table = table
    self.count = count
  }

  /// Nil: the table wants none.
  static func make(_ container: Container, _ kernels: Kernels) throws(RuntimeError) -> CodeLimits? {
    guard kernels.table.pointee.limit_int8 != nil else { return nil }
    let count = first(of: container.bankCount, container)
    let memory = try Allocation.buffer(size: count * MemoryLayout<Word>.stride)
    return CodeLimits(container, kernels.table, memory: memory, count: count)
  }

  /// The first matrix of a bank, of whose experts each has room for three.
  private static func first(of bank: Int, _ container: Container) -> Int {
    // Entries of the manifest, so the number fits.
    var count = container.tensorCount
    for index in 0..<bank { count += 3 * (container.bank(at: index)?.expertCount ?? 0) }
    return count
  }

  /// For a product of `rows` rows with an expert's matrix: the first, 1 for the gate, or 2 for the second.
  func expert(
    bank: Int, _ expert: Int, matrix: Int, _ panels: UnsafeRawPointer, rows: Int, k: Int, n: Int
  ) -> UnsafePointer<Int32>? {
    guard rows >= LMQ_LIMITED_ROWS else { return nil }
    return limits(CodeLimits.first(of: bank, container) + 3 * expert + matrix, panels, rows: rows, k: k, n: n)
  }

  /// For a product of `rows` rows with tensor `index`, which has panels.
  func limits(
    _ index: Int, _ panels: UnsafeRawPointer, rows: Int, k: Int, n: Int
  ) -> UnsafePointer<Int32>? {
    guard rows >= LMQ_LIMITED_ROWS, index < count else { return nil }
    let word = words[index].load(ordering: .acquiring)
    if let limits = pointer(word) { return UnsafePointer(limits) }
    if word == 0, rows < CodeLimits.rowsAtOnce {
      words[index].compareExchange(expected: 0, desired: 1, ordering: .relaxed)
      return nil
    }
    guard let room = lmq_memory_allocate(64, lmq_limit_count(k) * 4) else { return nil }
    table.pointee.limit_int8(panels, k, n, room.assumingMemoryBound(to: Int32.self))
    // Several sessions may come here at once: those that are late go without.
    if words[index].compareExchange(
      expected: word, desired: UInt(bitPattern: room), ordering: .releasing
    ).exchanged {
      return UnsafePointer(room.assumingMemoryBound(to: Int32.self))
    }
    lmq_memory_free(room)
    return nil
  }

  private func pointer(_ word: UInt) -> UnsafeMutablePointer<Int32>? {
    word > 1 ? UnsafeMutablePointer(bitPattern: word) : nil
  }

  deinit {
    for index in 0..<count {
      if let limits = pointer(words[index].load(ordering: .acquiring)) { lmq_memory_free(limits) }
    }
  }
}
