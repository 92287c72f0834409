internal import LimequatBytes

/// Bytes that grow, up to a bound.
struct NormalizedText: ~Copyable {
  /// In bytes.
  static let most = 1 << 26

  private var buffer: Buffer
  private(set) var count = 0

  init(capacity: Int) throws(TextError) {
    buffer = try allocate(max(capacity, 64))
  }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: buffer.start, count: count) }

  mutating func append(_ byte: UInt8) throws(TextError) {
    if count == buffer.size { try grow() }
    buffer.start.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    count += 1
  }

  func ends(with suffix: StaticString) -> Bool {
    let size = suffix.utf8CodeUnitCount
    guard count >= size else { return false }
    let start = count - size
    for at in 0..<size where bytes[start + at] != suffix.utf8Start[at] { return false }
    return true
  }

  mutating func removeLast(_ size: Int) { count = max(count - size, 0) }

  private mutating func grow() throws(TextError) {
    guard count < Self.most else { throw .textLength(bytes: count + 1, most: Self.most) }
    let larger = try allocate(min(2 * count, Self.most))
    larger.start.copyMemory(from: buffer.start, byteCount: count)
    buffer = larger
  }
}
