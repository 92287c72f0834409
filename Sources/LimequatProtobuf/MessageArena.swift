internal import CLimequatPlatform
public import CProtobufC
public import LimequatBytes

/// Memory for a tree of C messages that is built to be packed; all of it is freed with the arena.
/// The inverse is ``UnpackedMessage``.
public final class MessageArena {
  /// Blocks are chained through their first word.
  private var newest: UnsafeMutableRawPointer?
  private var next = 0
  private var end = 0
  private static let blockSize = 64 << 10
  private static let headerSize = 16

  public init() {}

  /// `size` zero bytes, aligned to 16.
  public func allocate(_ size: Int) throws(BytesError) -> UnsafeMutableRawPointer {
    guard size >= 0, let rounded = Self.roundUp(size) else { throw .outOfMemory(bytes: size) }
    if newest == nil || rounded > end - next {
      let (wanted, overflow) = rounded.addingReportingOverflow(Self.headerSize)
      guard !overflow else { throw .outOfMemory(bytes: size) }
      let blockSize = max(wanted, Self.blockSize)
      let block = try Self.block(blockSize)
      block.storeBytes(of: newest, as: UnsafeMutableRawPointer?.self)
      newest = block
      next = Self.headerSize
      end = blockSize
    }
    guard let newest else { throw .outOfMemory(bytes: size) }
    let memory = newest + next
    next += rounded
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    return memory
  }

  /// Room for `count` C values, all bytes zero; messages still want their `…__init`.
  public func array<Element>(
    of type: Element.Type = Element.self, count: Int
  ) throws(BytesError) -> UnsafeMutablePointer<Element> {
    let (size, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    guard !overflow else { throw .outOfMemory(bytes: count) }
    return try allocate(size).assumingMemoryBound(to: Element.self)
  }

  /// A zero-terminated copy. The bytes hold no zero.
  public func string(_ bytes: UnsafeRawBufferPointer) throws(BytesError) -> UnsafeMutablePointer<CChar> {
    let memory = try allocate(bytes.count + 1)
    if let source = bytes.baseAddress { memory.copyMemory(from: source, byteCount: bytes.count) }
    return memory.assumingMemoryBound(to: CChar.self)
  }

  public func string(_ text: String) throws(BytesError) -> UnsafeMutablePointer<CChar> {
    let bytes = Array(text.utf8)
    let memory = try allocate(bytes.count + 1)
    for (i, byte) in bytes.enumerated() { memory.storeBytes(of: byte, toByteOffset: i, as: UInt8.self) }
    return memory.assumingMemoryBound(to: CChar.self)
  }

  /// The wire form of a message, fields in ascending order: the same tree gives the same bytes.
  public func pack(_ message: UnsafePointer<ProtobufCMessage>) throws(BytesError) -> Buffer {
    let size = protobuf_c_message_get_packed_size(message)
    guard let size = Int(exactly: size) else { throw .outOfMemory(bytes: 0) }
    let buffer = try Buffer(size: size)
    _ = protobuf_c_message_pack(message, buffer.start.assumingMemoryBound(to: UInt8.self))
    return buffer
  }

  private static func roundUp(_ size: Int) -> Int? {
    let (sum, overflow) = size.addingReportingOverflow(15)
    return overflow ? nil : sum & ~15
  }

  private static func block(_ size: Int) throws(BytesError) -> UnsafeMutableRawPointer {
    guard let block = lmq_memory_allocate(16, size) else { throw .outOfMemory(bytes: size) }
    return block
  }

  deinit {
    while let block = newest {
      newest = block.load(as: UnsafeMutableRawPointer?.self)
      lmq_memory_free(block)
    }
  }
}
