internal import CLimequatPlatform
internal import CProtobufC

/// Memory for libprotobuf-c: refuses when all allocations together pass a limit, and remembers who refused.
/// An empty submessage costs 2 bytes in a file and up to 224 unpacked, so a file's size is no limit.
///
/// Sendable because only one thread at a time uses it: the one that unpacks or frees.
final class CappedAllocator: @unchecked Sendable {
  let limit: Int
  private(set) var used = 0
  private(set) var isOverLimit = false
  /// The size of the allocation that the system refused.
  private(set) var refused: Int?

  init(limit: Int) { self.limit = limit }

  private func allocate(_ size: Int) -> UnsafeMutableRawPointer? {
    guard size >= 0, size <= limit - used else {
      isOverLimit = true
      return nil
    }
    guard let memory = lmq_memory_allocate(16, size) else {
      refused = size
      return nil
    }
    used += size
    return memory
  }

  /// Calls `body` with the form that libprotobuf-c wants. The pointer must not leave `body`.
  func withAllocator<R>(_ body: (UnsafeMutablePointer<ProtobufCAllocator>) -> R) -> R {
    var allocator = ProtobufCAllocator(
      alloc: { data, size in
        guard let data, let size = Int(exactly: size) else { return nil }
        return Unmanaged<CappedAllocator>.fromOpaque(data).takeUnretainedValue().allocate(size)
      },
      free: { _, memory in lmq_memory_free(memory) },
      allocator_data: Unmanaged.passUnretained(self).toOpaque())
    return withUnsafeMutablePointer(to: &allocator, body)
  }
}
