/// Little-endian writes into an array that grows: for headers and other small things of the writing side.
/// The inverse is ``ByteReader``.
public struct ByteWriter {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  public mutating func write<T: FixedWidthInteger>(_ value: T) {
    var rest = value
    for _ in 0..<MemoryLayout<T>.size {
      bytes.append(UInt8(truncatingIfNeeded: rest))  // the low byte, by intent
      rest >>= 8
    }
  }

  public mutating func write(_ value: Float) { write(value.bitPattern) }
  public mutating func write(_ value: UnsafeRawBufferPointer) { bytes.append(contentsOf: value) }
}
