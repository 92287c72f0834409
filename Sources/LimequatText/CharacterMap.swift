/// SentencePiece's precompiled_charsmap: a u32 with the bytes of a trie, the trie as darts-clone's double
/// array, and the replacements, each ended by a zero byte. A view; formats/tokenizer.md has every rule.
struct CharacterMap: @unchecked Sendable {
  /// Of a replacement, in bytes.
  static let longestString = 1_024
  /// Of what is replaced, in bytes.
  static let longestKey = 1_024
  /// SentencePiece looks at this many matches, the shorter ones first.
  static let mostMatches = 32

  private let units: UnsafeRawBufferPointer
  private let count: Int
  private let strings: UnsafeRawBufferPointer

  /// Checks all of `bytes`, which are not empty.
  init(_ bytes: UnsafeRawBufferPointer) throws(TextError) {
    guard bytes.count > 4 else { throw .characterMap(.size) }
    let size = Int(bytes.loadUnaligned(as: UInt32.self))
    guard size >= 1_024, size % 1_024 == 0, size < bytes.count - 4 else { throw .characterMap(.size) }
    units = UnsafeRawBufferPointer(rebasing: bytes[4..<4 + size])
    strings = UnsafeRawBufferPointer(rebasing: bytes[(4 + size)...])
    count = size / 4
    try checkUnits()
    try checkStrings()
  }

  /// The longest key at the start of `text[start...]`, and what replaces it.
  func match(
    _ text: UnsafeRawBufferPointer, at start: Int
  ) -> (length: Int, replacement: UnsafeRawBufferPointer)? {
    var position = offset(unit(0))
    var found: (length: Int, leaf: Int)?
    var matches = 0
    var at = start
    let end = text.count - start > Self.longestKey ? start + Self.longestKey : text.count
    while at < end {
      position ^= Int(text[at])
      guard position < count else { break }
      let unit = unit(position)
      guard label(unit) == UInt32(text[at]) else { break }
      position ^= offset(unit)
      at += 1
      guard hasLeaf(unit) else { continue }
      found = (at - start, position)
      matches += 1
      if matches == Self.mostMatches { break }
    }
    guard let found, found.leaf < count else { return nil }
    return replacement(Int(unit(found.leaf) & 0x7FFF_FFFF)).map { (found.length, $0) }
  }

  private func replacement(_ start: Int) -> UnsafeRawBufferPointer? {
    guard start < strings.count else { return nil }
    var end = start
    while end < strings.count, strings[end] != 0 { end += 1 }
    return UnsafeRawBufferPointer(rebasing: strings[start..<end])
  }

  /// As SentencePiece 0.2.3 checks them, so that no walk leaves the trie. (`match` looks again: a mapped
  /// file can change.)
  private func checkUnits() throws(TextError) {
    let root = unit(0)
    guard label(root) == 0, !hasLeaf(root), offset(root) != 0, offset(root) | 0xFF < count else {
      throw .characterMap(.root)
    }
    for index in 1..<count {
      let unit = unit(index)
      if isLeaf(unit) {
        guard Int(unit & 0x7FFF_FFFF) < strings.count else { throw .characterMap(.leaf) }
      } else {
        let child = index ^ offset(unit)
        guard child | 0xFF < count else { throw .characterMap(.unit) }
        guard !hasLeaf(unit) || isLeaf(self.unit(child)) else { throw .characterMap(.leaf) }
      }
    }
  }

  /// Bounds what a character can become.
  private func checkStrings() throws(TextError) {
    guard strings[strings.count - 1] == 0 else { throw .characterMap(.strings) }
    var length = 0
    for byte in strings {
      length = byte == 0 ? 0 : length + 1
      guard length <= Self.longestString else { throw .characterMap(.strings) }
    }
  }

  // The fields of a unit. `index` is below `count`.
  private func unit(_ index: Int) -> UInt32 {
    units.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
  }
  private func isLeaf(_ unit: UInt32) -> Bool { unit >> 31 == 1 }
  private func hasLeaf(_ unit: UInt32) -> Bool { unit >> 8 & 1 == 1 }
  /// Above 255 for a leaf, so that it equals no byte.
  private func label(_ unit: UInt32) -> UInt32 { unit & 0x8000_00FF }
  private func offset(_ unit: UInt32) -> Int { Int(unit >> 10) << Int((unit & (1 << 9)) >> 6) }
}
