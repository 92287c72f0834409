/// UTF-8 as SentencePiece reads it.
enum UTF8Character {
  /// The length of the valid character at the start of `bytes`, 1 to 4; nil if there is none.
  static func length(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Int? {
    let left = bytes.count - start
    guard start >= 0, left > 0 else { return nil }
    let first = bytes[start]
    if first < 0x80 { return 1 }
    func trail(_ distance: Int) -> UInt32? {
      guard distance < left else { return nil }
      let byte = bytes[start + distance]
      return byte & 0xC0 == 0x80 ? UInt32(byte & 0x3F) : nil
    }
    switch first {
    case 0xC2...0xDF:
      return trail(1) == nil ? nil : 2
    case 0xE0...0xEF:
      guard let second = trail(1), let third = trail(2) else { return nil }
      let scalar = UInt32(first & 0x0F) << 12 | second << 6 | third
      return scalar < 0x800 || 0xD800...0xDFFF ~= scalar ? nil : 3
    case 0xF0...0xF4:
      guard let second = trail(1), let third = trail(2), let fourth = trail(3) else { return nil }
      let scalar = UInt32(first & 0x07) << 18 | second << 12 | third << 6 | fourth
      return 0x10000...0x10FFFF ~= scalar ? 4 : nil
    default: return nil
    }
  }

  /// The length that a first byte announces, right or wrong: what the lattice steps by.
  static func announced(_ first: UInt8) -> Int {
    switch first {
    case 0xC0...0xDF: 2
    case 0xE0...0xEF: 3
    case 0xF0...0xFF: 4
    default: 1
    }
  }

  static func isText(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var at = 0
    while at < bytes.count {
      guard let length = length(bytes, at: at) else { return false }
      at += length
    }
    return true
  }
}
