internal import CLimequatPlatform

/// A read-only mapping of a file; unmapped when the last owner goes.
///
/// If another process truncates the file meanwhile, touching a lost page raises SIGBUS: that is the price
/// of mapping, and why budgeted models read instead.
public final class MappedFile: @unchecked Sendable {
  public let bytes: UnsafeRawBufferPointer

  private init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  static func map(_ descriptor: Int32, size: Int) throws(BytesError) -> MappedFile {
    guard size > 0 else { return MappedFile(UnsafeRawBufferPointer(start: nil, count: 0)) }
    guard let start = lmq_map_read_only(descriptor, size) else {
      throw .system(call: .map, errno: lmq_errno())
    }
    return MappedFile(UnsafeRawBufferPointer(start: start, count: size))
  }

  deinit {
    if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
  }
}
