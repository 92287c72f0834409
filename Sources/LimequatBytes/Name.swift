/// A name that a file carries: UTF-8 bytes compared as bytes (String comparison would need Unicode tables,
/// and byte order is what the formats mean). Borrows its bytes; the owner says how long they live.
public struct Name: @unchecked Sendable {
  public let bytes: UnsafeRawBufferPointer

  public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// A zero-terminated C string.
  public init(_ start: UnsafePointer<CChar>) {
    var count = 0
    while start[count] != 0 { count += 1 }
    bytes = UnsafeRawBufferPointer(start: start, count: count)
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

  /// Byte order, a prefix before what it begins. Negative, zero or positive.
  public func order(_ other: Name) -> Int {
    let common = bytes.count < other.bytes.count ? bytes.count : other.bytes.count
    var i = 0
    while i < common {
      let a = bytes[i]
      let b = other.bytes[i]
      if a != b { return Int(a) - Int(b) }
      i += 1
    }
    return bytes.count - other.bytes.count
  }

  public var description: String { text }
}
