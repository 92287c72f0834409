internal import CLimequatPlatform

/// One aligned allocation whose size a file or a caller decides: refused with an error, never a trap.
public struct Buffer: ~Copyable, @unchecked Sendable {
  public let start: UnsafeMutableRawPointer
  /// In bytes.
  public let size: Int

  /// The content is not initialised.
  public init(size: Int, alignment: Int = 64) throws(BytesError) {
    guard size >= 0, let start = lmq_memory_allocate(alignment, size) else {
      throw .outOfMemory(bytes: size)
    }
    self.start = start
    self.size = size
  }

  public var bytes: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: start, count: size) }

  deinit { lmq_memory_free(start) }
}
