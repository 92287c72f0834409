// Messages are built where something failed, in hundreds of places. The standard library's own appending is
// inlined at each of them, some 300 bytes for every piece of text, which more than doubled the SDK library.
// These stand in front of it wherever this module is imported: the same, called instead of inlined.

@inline(never)
private func append(_ text: String, to interpolation: inout DefaultStringInterpolation) {
  interpolation.write(text)
}

extension DefaultStringInterpolation {
  @inline(never)
  public mutating func appendLiteral(_ literal: String) { append(literal, to: &self) }

  @inline(never)
  public mutating func appendInterpolation(_ text: String) { append(text, to: &self) }

  @inline(never)
  public mutating func appendInterpolation(_ text: StaticString) {
    append(String(decoding: text.bytes, as: UTF8.self), to: &self)
  }

  @inline(never)
  public mutating func appendInterpolation(_ number: Int) { append(number.description, to: &self) }

  @inline(never)
  public mutating func appendInterpolation(_ number: Int32) { append(number.description, to: &self) }

  @inline(never)
  public mutating func appendInterpolation(_ number: UInt32) { append(number.description, to: &self) }

  @inline(never)
  public mutating func appendInterpolation(_ number: Int64) { append(number.description, to: &self) }

  @inline(never)
  public mutating func appendInterpolation(_ number: UInt64) { append(number.description, to: &self) }

  @inline(never)
  public mutating func appendInterpolation(_ number: UInt) { append(number.description, to: &self) }

  @inline(never)
  public mutating func appendInterpolation(_ number: UInt8) { append(number.description, to: &self) }

  @inline(never)
  public mutating func appendInterpolation<T: CustomStringConvertible>(_ value: T) {
    append(value.description, to: &self)
  }
}

extension String {
  @inline(never)
  public static func += (text: inout String, more: String) { text.append(more) }

  @inline(never)
  public static func + (text: String, more: String) -> String {
    var result = text
    result.append(more)
    return result
  }
}

extension StaticString {
  fileprivate var bytes: UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount)
  }
}
