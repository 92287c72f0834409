/// Whether the bytes are UTF-8 (no surrogates, no overlong forms, at most U+10FFFF) without a zero byte.
func isText(_ bytes: UnsafeRawBufferPointer) -> Bool {
  var i = 0
  while i < bytes.count {
    let first = bytes[i]
    i += 1
    if first < 0x80 {
      guard first != 0 else { return false }
      continue
    }
    // How many bytes follow, and what the second may be (RFC 3629, section 4).
    let following: Int
    var low: UInt8 = 0x80
    var high: UInt8 = 0xBF
    switch first {
    case 0xC2...0xDF: following = 1
    case 0xE0: (following, low) = (2, 0xA0)
    case 0xED: (following, high) = (2, 0x9F)
    case 0xE1...0xEF: following = 2
    case 0xF0: (following, low) = (3, 0x90)
    case 0xF1...0xF3: following = 3
    case 0xF4: (following, high) = (3, 0x8F)
    default: return false
    }
    guard following <= bytes.count - i else { return false }
    for _ in 0..<following {
      guard bytes[i] >= low, bytes[i] <= high else { return false }
      (low, high) = (0x80, 0xBF)
      i += 1
    }
  }
  return true
}
