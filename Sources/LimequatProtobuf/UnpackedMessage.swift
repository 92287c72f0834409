public import CProtobufC
internal import LimequatBytes

/// A message that libprotobuf-c unpacked; everything that hangs on `root` lives as long as this object.
/// The inverse is ``MessageArena/pack(_:)``.
public final class UnpackedMessage<Root>: @unchecked Sendable {  // not changed after unpacking
  public let root: UnsafePointer<Root>
  private let allocator: CappedAllocator

  private init(root: UnsafePointer<Root>, allocator: CappedAllocator) {
    self.root = root
    self.allocator = allocator
  }

  /// Checks the wire form (nesting depth, wire types, singular fields once, strings UTF-8 without zero
  /// bytes), then unpacks with at most `memoryLimit` bytes. `Root` is the C struct of `descriptor`
  /// (`base.descriptor` of an initialised one).
  public static func unpack(
    _ bytes: UnsafeRawBufferPointer, descriptor: UnsafePointer<ProtobufCMessageDescriptor>,
    maximumDepth: Int, memoryLimit: Int
  ) throws(ProtobufError) -> UnpackedMessage {
    try WireScan(bytes: bytes, maximumDepth: maximumDepth).check(0..<bytes.count, as: descriptor, depth: 1)
    let allocator = CappedAllocator(limit: memoryLimit)
    let message = allocator.withAllocator {
      protobuf_c_message_unpack(
        descriptor, $0, bytes.count, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
    }
    if let message {
      let root = UnsafeRawPointer(message).assumingMemoryBound(to: Root.self)
      return UnpackedMessage(root: root, allocator: allocator)
    }
    if let size = allocator.refused { throw .memory(.outOfMemory(bytes: size)) }
    if allocator.isOverLimit { throw .tooLarge(limit: memoryLimit) }
    throw .malformed(.content, offset: 0)
  }

  deinit {
    let message = UnsafeMutableRawPointer(mutating: root).assumingMemoryBound(to: ProtobufCMessage.self)
    allocator.withAllocator { protobuf_c_message_free_unpacked(message, $0) }
  }
}
