internal import LimequatBytes

/// Streams an extent through one buffer of fixed size, with its checksum.
///
/// It always copies: reads through the file give errors where a mapping of a truncated file would raise a
/// signal.
struct ExtentReader: ~Copyable {
  private let source: ContainerSource
  private let buffer: Buffer
  /// What lies in the buffer and was not taken yet.
  private var ready = 0..<0
  /// Where the next byte to be taken lies in the file.
  private(set) var offset: Int
  private let end: Int
  private var crc = CRC32C()

  private static let bufferSize = 1 << 18
  /// The most that ``take(_:)`` gives at once.
  static let largestTake = 1 << 12

  init(_ source: ContainerSource, offset: Int, end: Int) throws(ContainerError) {
    self.source = source
    buffer = try withBytes { () throws(BytesError) in try Buffer(size: Self.bufferSize) }
    self.offset = offset
    self.end = end
  }

  var remaining: Int { end - offset }
  var checksum: UInt32 { crc.value }

  /// The next `count` bytes, at most ``largestTake``, valid until the next call.
  mutating func take(_ count: Int) throws(ContainerError) -> UnsafeRawBufferPointer {
    guard count >= 0, count <= Self.largestTake, count <= remaining else {
      throw .bytes(.outOfBounds(offset: offset, wanted: count, size: end))
    }
    if count > ready.count { try refill() }
    let bytes = UnsafeRawBufferPointer(start: buffer.start + ready.lowerBound, count: count)
    ready = ready.lowerBound + count..<ready.upperBound
    offset += count
    return bytes
  }

  /// Moves what was not taken to the front and reads on behind it.
  private mutating func refill() throws(ContainerError) {
    let kept = ready.count  // below largestTake
    let start = Self.largestTake - kept
    (buffer.start + start).copyMemory(from: buffer.start + ready.lowerBound, byteCount: kept)
    let count = min(remaining - kept, buffer.size - Self.largestTake)
    let fresh = UnsafeMutableRawBufferPointer(start: buffer.start + Self.largestTake, count: count)
    try source.read(offset: offset + kept, into: fresh)
    crc.update(UnsafeRawBufferPointer(fresh))
    ready = start..<Self.largestTake + count
  }

  /// Takes all that is left, so that ``checksum`` is that of the extent.
  mutating func drain() throws(ContainerError) {
    while remaining > 0 { _ = try take(min(remaining, Self.largestTake)) }
  }
}
