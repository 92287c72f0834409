internal import CLimequatPlatform

/// A name that a file carries: UTF-8 bytes compared as bytes (String comparison would need Unicode tables,
/// and byte order is what the formats mean). Borrows its bytes; the owner says how long they live.
public struct Name: @unchecked Sendable {
  public let bytes: UnsafeRawBufferPointer

  public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// A zero-terminated C string.
  public init(_ start: UnsafePointer<CChar>) {
    bytes = UnsafeRawBufferPointer(start: start, count: strlen(start))
  }

  /// A literal of the program.
  public init(_ text: StaticString) {
    bytes = UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
  }

  public var isEmpty: Bool { bytes.count == 0 }

  /// For messages; bytes that are no UTF-8 are replaced.
  public var text: String {
    @inline(never) get { String(decoding: bytes, as: UTF8.self) }
  }
}

extension Name: Comparable, CustomStringConvertible {
  public static func == (a: Name, b: Name) -> Bool { a.order(b) == 0 }
  public static func < (a: Name, b: Name) -> Bool { a.order(b) < 0 }

  /// Byte order, a prefix before what it begins. Negative, zero or positive. Not inlined, for size.
  @inline(never)
  public func order(_ other: Name) -> Int {
    if let a = bytes.baseAddress, let b = other.bytes.baseAddress {
      let order = memcmp(a, b, min(bytes.count, other.bytes.count))
      if order != 0 { return Int(order) }
    }
    return bytes.count - other.bytes.count
  }

  public var description: String { text }
}
