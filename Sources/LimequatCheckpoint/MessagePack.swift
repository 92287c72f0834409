/// Reads MessagePack values one after the other from a range of a file. Every length is checked against the
/// range before it is believed; nothing recurses.
struct MessagePackReader {
  let window: FileWindow
  private(set) var offset: Int
  let end: Int

  /// A value: scalars as they are, containers as the number of what follows, bytes as where they lie.
  enum Value {
    case null
    case boolean(Bool)
    case integer(Int)
    /// An integer beyond Int, or a float: nothing here needs one.
    case other
    case string(Range<Int>)
    case binary(Range<Int>)
    case array(Int)
    case map(Int)
    case ext(code: Int8, Range<Int>)
  }

  init(_ window: FileWindow, _ range: Range<Int>) {
    self.window = window
    offset = range.lowerBound
    end = range.upperBound
  }

  var isAtEnd: Bool { offset == end }

  mutating func next() throws(CheckpointError) -> Value {
    let code = try byte()
    switch code {
    case 0x00...0x7F: return .integer(Int(code))
    case 0x80...0x8F: return .map(Int(code & 15))
    case 0x90...0x9F: return .array(Int(code & 15))
    case 0xA0...0xBF: return .string(try bytes(Int(code & 31)))
    case 0xC0: return .null
    case 0xC2, 0xC3: return .boolean(code == 0xC3)
    case 0xC4...0xC6: return .binary(try bytes(try length(1 << Int(code - 0xC4))))
    case 0xC7...0xC9:
      let size = try length(1 << Int(code - 0xC7))
      return try ext(size)
    case 0xCA, 0xCB:
      _ = try bytes(code == 0xCA ? 4 : 8)
      return .other
    case 0xCC...0xCF: return Int(exactly: try unsigned(1 << Int(code - 0xCC))).map(Value.integer) ?? .other
    case 0xD0...0xD3: return .integer(try signed(1 << Int(code - 0xD0)))
    case 0xD4...0xD8: return try ext(1 << Int(code - 0xD4))
    case 0xD9...0xDB: return .string(try bytes(try length(1 << Int(code - 0xD9))))
    case 0xDC, 0xDD: return .array(try length(code == 0xDC ? 2 : 4))
    case 0xDE, 0xDF: return .map(try length(code == 0xDE ? 2 : 4))
    case 0xE0...0xFF: return .integer(Int(Int8(bitPattern: code)))
    default: throw bad("a MessagePack value", "byte \(code)", at: offset - 1)
    }
  }

  /// Steps over one value and all that it contains.
  mutating func skip() throws(CheckpointError) {
    // Each value takes at least one byte, so the loop ends with the range at the latest.
    var pending = 1
    while pending > 0 {
      pending -= 1
      switch try next() {
      case .array(let count): pending += count
      case .map(let count): pending += 2 * count
      default: break
      }
    }
  }

  func bad(_ expected: String, _ found: String, at place: Int? = nil) -> CheckpointError {
    .format(file: window.path, offset: place ?? offset, expected: expected, found: found)
  }

  private mutating func byte() throws(CheckpointError) -> UInt8 {
    guard offset < end else { throw bad("a value", "the end of what holds it") }
    defer { offset += 1 }
    return try window.byte(at: offset)
  }

  private mutating func unsigned(_ size: Int) throws(CheckpointError) -> UInt64 {
    var value: UInt64 = 0
    for _ in 0..<size { value = value << 8 | UInt64(try byte()) }
    return value
  }

  private mutating func signed(_ size: Int) throws(CheckpointError) -> Int {
    let value = try unsigned(size)
    let shift = UInt64(64 - 8 * size)
    return Int(Int64(bitPattern: value << shift) >> Int64(shift))
  }

  /// At most four bytes: fits.
  private mutating func length(_ size: Int) throws(CheckpointError) -> Int { Int(try unsigned(size)) }

  private mutating func bytes(_ count: Int) throws(CheckpointError) -> Range<Int> {
    guard count <= end - offset else { throw bad("\(count) bytes", "\(end - offset) left") }
    defer { offset += count }
    return offset..<offset + count
  }

  private mutating func ext(_ size: Int) throws(CheckpointError) -> Value {
    let code = Int8(bitPattern: try byte())
    return .ext(code: code, try bytes(size))
  }
}

extension MessagePackReader {
  mutating func map(_ what: String) throws(CheckpointError) -> Int {
    let place = offset
    guard case .map(let count) = try next() else { throw bad("a map: \(what)", "another value", at: place) }
    return count
  }

  mutating func array(_ what: String, of sizes: ClosedRange<Int>? = nil) throws(CheckpointError) -> Int {
    let place = offset
    guard case .array(let count) = try next() else {
      throw bad("an array: \(what)", "another value", at: place)
    }
    if let sizes, !sizes.contains(count) {
      let low = sizes.lowerBound == sizes.upperBound ? "" : "\(sizes.lowerBound) to "
      throw bad(
        "\(low)\(sizes.upperBound) elements: \(what)",
        "\(count)", at: place)
    }
    return count
  }

  mutating func string(_ what: String) throws(CheckpointError) -> String {
    let place = offset
    guard case .string(let range) = try next() else {
      throw bad("a string: \(what)", "another value", at: place)
    }
    guard range.count <= Limit.name else {
      throw bad("at most \(Limit.name) bytes: \(what)", "\(range.count)", at: place)
    }
    var text: [UInt8] = []
    for index in range { text.append(try window.byte(at: index)) }
    guard let string = String(validating: text, as: UTF8.self) else {
      throw bad("UTF-8: \(what)", "other bytes")
    }
    return string
  }

  mutating func natural(_ what: String) throws(CheckpointError) -> Int {
    let place = offset
    switch try next() {
    case .integer(let value) where value >= 0: return value
    case .integer(let value): throw bad("an integer of at least 0: \(what)", "\(value)", at: place)
    default: throw bad("an integer: \(what)", "another value", at: place)
    }
  }

  /// The contents of a binary, as a reader of their own.
  mutating func binary(_ what: String) throws(CheckpointError) -> MessagePackReader {
    let place = offset
    guard case .binary(let range) = try next() else {
      throw bad("binary: \(what)", "another value", at: place)
    }
    return MessagePackReader(window, range)
  }

  func expectEnd(_ what: String) throws(CheckpointError) {
    if !isAtEnd { throw bad("the end of \(what)", "\(end - offset) bytes more") }
  }
}
