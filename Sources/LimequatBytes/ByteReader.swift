/// Little-endian reads that cannot run past the end. The inverse is ``ByteWriter``.
///
/// Borrows its bytes: it must not outlive them.
public struct ByteReader {
  public let bytes: UnsafeRawBufferPointer
  /// Where the next read begins.
  public private(set) var offset = 0

  public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  public var remaining: Int { bytes.count - offset }

  /// The next `count` bytes, in place.
  public mutating func take(_ count: Int) throws(BytesError) -> UnsafeRawBufferPointer {
    guard count >= 0, count <= remaining else {
      throw .outOfBounds(offset: offset, wanted: count, size: bytes.count)
    }
    let slice = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    offset += count
    return slice
  }

  public mutating func skip(_ count: Int) throws(BytesError) { _ = try take(count) }

  public mutating func read<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type = T.self
  ) throws(BytesError) -> T {
    T(littleEndian: try take(MemoryLayout<T>.size).loadUnaligned(as: T.self))
  }

  public mutating func readFloat() throws(BytesError) -> Float { Float(bitPattern: try read(UInt32.self)) }
}
