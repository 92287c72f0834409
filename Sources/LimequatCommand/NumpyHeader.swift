internal import LimequatBytes
internal import LimequatTensor

/// The header of a .npy file, versions 1.0 to 3.0: magic, version, length, and a Python dictionary literal
/// with exactly `descr`, `fortran_order` and `shape`. Source: NumPy's numpy/lib/format.py.
struct NumpyHeader {
  let type: ElementType
  let shape: Shape
  /// Bytes before the data.
  var size = 0

  init(type: ElementType, shape: Shape) {
    self.type = type
    self.shape = shape
  }

  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// NumPy itself refuses to evaluate longer ones.
  private static let limit = 10_000

  static func read(_ file: File, path: String) throws(Fault) -> NumpyHeader {
    let bytes = try Fault.reading(path) { () throws(BytesError) in
      let buffer = try Buffer(size: min(file.size, limit + 12))
      try file.read(at: 0, into: buffer.bytes)
      return Array(buffer.bytes)
    }
    guard bytes.count >= 10, Array(bytes[..<6]) == magic else { throw .input("\(path): not a .npy file") }
    guard (1...3).contains(bytes[6]) else {
      throw .input("\(path): .npy version \(bytes[6]) is not one of 1, 2, 3")
    }
    let start = bytes[6] == 1 ? 10 : 12
    var length = Int(bytes[8]) | Int(bytes[9]) << 8
    if start == 12 {
      guard bytes.count >= 12 else { throw .input("\(path): the header is cut short") }
      length |= Int(bytes[10]) << 16 | Int(bytes[11]) << 24
    }
    guard length <= limit, start + length <= bytes.count else {
      throw .input("\(path): the header of \(length) bytes is cut short or too long")
    }
    var literal = PythonLiteral(bytes[start..<start + length])
    guard let fields = literal.headerFields() else {
      throw .input("\(path): the header is not the dictionary that NumPy writes")
    }
    guard !fields.fortranOrder else {
      throw .input("\(path): column-major order; save numpy.ascontiguousarray(a) instead")
    }
    let types: [String: ElementType] = ["<f4": .f32, "<i4": .i32, "<i8": .i64]
    guard let type = types[fields.descr] else {
      throw .input("\(path): elements are '\(fields.descr)', expected '<f4', '<i4' or '<i8'")
    }
    guard let shape = Shape(fields.shape) else {
      throw .input("\(path): \(fields.shape.count) dimensions, at most \(Shape.maximumRank) are supported")
    }
    var header = NumpyHeader(type: type, shape: shape)
    header.size = start + length
    return header
  }

  /// Version 1.0, padded with spaces so that the data begin at a multiple of 64.
  func encoded() -> [UInt8] {
    let descr =
      switch type {
      case .i32: "<i4"
      case .i64: "<i8"
      default: "<f4"
      }
    var dims = ""
    for index in 0..<shape.rank { dims += shape.rank == 1 ? "\(shape[index])," : "\(shape[index]), " }
    if shape.rank > 1 { dims.removeLast(2) }
    var text = Array("{'descr': '\(descr)', 'fortran_order': False, 'shape': (\(dims)), }".utf8)
    while (10 + text.count + 1) % 64 != 0 { text.append(UInt8(ascii: " ")) }
    text.append(UInt8(ascii: "\n"))
    return NumpyHeader.magic + [1, 0, UInt8(text.count & 255), UInt8(text.count >> 8)] + text
  }
}

/// Reads the one Python literal that a .npy header is.
private struct PythonLiteral {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  struct Fields {
    var descr = ""
    var fortranOrder = false
    var shape: [Int] = []
  }

  /// Nil unless the literal holds the three keys once each and nothing else.
  mutating func headerFields() -> Fields? {
    var fields = Fields()
    var seen: Set<String> = []
    guard accept("{") else { return nil }
    while !accept("}") {
      guard let key = string(), seen.insert(key).inserted, accept(":") else { return nil }
      switch key {
      case "descr":
        guard let value = string() else { return nil }
        fields.descr = value
      case "fortran_order":
        if accept("True") { fields.fortranOrder = true } else if !accept("False") { return nil }
      case "shape":
        guard let value = tuple() else { return nil }
        fields.shape = value
      default: return nil
      }
      if !accept(",") {
        guard accept("}") else { return nil }
        break
      }
    }
    skipSpace()
    return seen.count == 3 && rest.isEmpty ? fields : nil
  }

  private mutating func skipSpace() {
    while let byte = rest.first, byte == 0x20 || byte == 0x0A || byte == 0x09 { rest.removeFirst() }
  }

  private mutating func accept(_ token: StaticString) -> Bool {
    skipSpace()
    let token = UnsafeBufferPointer(start: token.utf8Start, count: token.utf8CodeUnitCount)
    guard rest.starts(with: token) else { return false }
    rest.removeFirst(token.count)
    return true
  }

  private mutating func string() -> String? {
    skipSpace()
    guard let quote = rest.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      return nil
    }
    rest.removeFirst()
    guard let end = rest.firstIndex(of: quote) else { return nil }
    let text = String(decoding: rest[..<end], as: UTF8.self)
    rest = rest[(end + 1)...]
    return text
  }

  private mutating func tuple() -> [Int]? {
    guard accept("(") else { return nil }
    var values: [Int] = []
    while !accept(")") {
      let digits = rest.prefix { (0x30...0x39).contains($0) }
      guard let value = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
      values.append(value)
      rest.removeFirst(digits.count)
      if !accept(",") { return accept(")") ? values : nil }
      skipSpace()
    }
    return values
  }
}
