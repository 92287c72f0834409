internal import CLimequatKernels
internal import CLimequatPlatform
internal import LimequatBytes
internal import Synchronization

/// What the kernel table wants to know of the int8 matrices of a model (`lmq_kernels.limit_int8`): made where
/// it is of use, and kept. It is of use for speed alone, and left out where there is no memory for it. What
/// is made of weights that prove damaged is not used again, as they are not.
final class CodeLimits: @unchecked Sendable {
  private typealias Word = Atomic<UInt>
  private let table: UnsafePointer<lmq_kernels>
  /// Of each matrix where its limits are, or 1 if few rows could have used them once, or 0: first of the
  /// tensors, then three of each expert.
  private let memory: Buffer
  private let words: UnsafeMutablePointer<Word>
  private let tensors: Int
  private let count: Int

  /// Making limits takes about as long as they spare in a product of so many rows (measured: 768 to 3072).
  private static let rowsAtOnce = 50

  private init(_ table: UnsafePointer<lmq_kernels>, memory: consuming Buffer, tensors: Int, count: Int) {
    words = memory.start.bindMemory(to: Word.self, capacity: count)
    for index in 0..<count { (words + index).initialize(to: Word(0)) }
    self.memory = memory
    self.table = table
    self.tensors = tensors
    self.count = count
  }

  /// Nil: the table wants none.
  static func make(_ kernels: Kernels, tensors: Int, experts: Int) throws(RuntimeError) -> CodeLimits? {
    guard kernels.table.pointee.limit_int8 != nil else { return nil }
    // Entries of the manifest, so the numbers fit.
    let count = tensors + 3 * experts
    let memory = try Allocation.buffer(size: count * MemoryLayout<Word>.stride)
    return CodeLimits(kernels.table, memory: memory, tensors: tensors, count: count)
  }

  /// For a product of `rows` rows with a matrix of expert `number`: 0 for the first, 1 for the gate, 2 for
  /// the second.
  func expert(
    _ number: Int, matrix: Int, _ panels: UnsafeRawPointer, rows: Int, k: Int, n: Int
  ) -> UnsafePointer<Int32>? {
    limits(tensors + 3 * number + matrix, panels, rows, k, n)
  }

  /// For a product of `rows` rows with a tensor that has panels.
  func tensor(
    _ index: Int, _ panels: UnsafeRawPointer, rows: Int, k: Int, n: Int
  ) -> UnsafePointer<Int32>? {
    limits(index, panels, rows, k, n)
  }

  private func limits(
    _ index: Int, _ panels: UnsafeRawPointer, _ rows: Int, _ k: Int, _ n: Int
  ) -> UnsafePointer<Int32>? {
    guard rows >= LMQ_LIMITED_ROWS, index < count else { return nil }
    let word = words[index].load(ordering: .acquiring)
    if let limits = pointer(word) { return UnsafePointer(limits) }
    if word == 0, rows < CodeLimits.rowsAtOnce {
      _ = words[index].compareExchange(expected: 0, desired: 1, ordering: .relaxed)
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
