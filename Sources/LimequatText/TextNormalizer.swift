internal import LimequatBytes

/// SentencePiece's normaliser: character map, white space and dummy prefix (formats/tokenizer.md).
struct TextNormalizer: ~Copyable {
  private let options: TokenizerOptions
  private let map: CharacterMap?
  /// The user-defined pieces, which are copied as they are; nil if there are none.
  private let userDefined: PieceTrie?
  /// What a space becomes.
  private let space: StaticString

  /// SentencePiece looks at this many user-defined pieces that a text begins with, the shorter ones first.
  private static let mostMatches = 64

  init(_ options: TokenizerOptions, map: CharacterMap?, userDefined: consuming PieceTrie?) {
    self.options = options
    self.map = map
    self.userDefined = userDefined
    space = options.escapeWhitespaces ? "\u{2581}" : " "
  }

  /// `text` may hold any bytes.
  func normalize(_ text: UnsafeRawBufferPointer) throws(TextError) -> NormalizedText {
    var result = try NormalizedText(capacity: text.count + text.count / 2)
    var at = 0
    if options.removeExtraWhitespaces {
      while at < text.count {
        let (prefix, consumed) = prefix(text, at)
        guard prefix.count == 1, prefix[0] == Self.blank else { break }
        at += consumed
      }
    }
    guard at < text.count else { return result }
    if options.addDummyPrefix, !options.treatWhitespaceAsSuffix { try appendSpace(&result) }
    var afterBlank = options.removeExtraWhitespaces
    while at < text.count {
      let (prefix, consumed) = prefix(text, at)
      var start = 0
      while afterBlank, start < prefix.count, prefix[start] == Self.blank { start += 1 }
      if start < prefix.count {
        for place in start..<prefix.count {
          if prefix[place] == Self.blank {
            try appendSpace(&result)
          } else {
            try result.append(prefix[place])
          }
        }
        afterBlank = options.removeExtraWhitespaces && prefix[prefix.count - 1] == Self.blank
      }
      at += consumed
    }
    if options.removeExtraWhitespaces {
      while result.ends(with: space) { result.removeLast(space.utf8CodeUnitCount) }
    }
    if options.addDummyPrefix, options.treatWhitespaceAsSuffix { try appendSpace(&result) }
    return result
  }

  private static let blank = UInt8(ascii: " ")

  private func appendSpace(_ text: inout NormalizedText) throws(TextError) {
    for at in 0..<space.utf8CodeUnitCount { try text.append(space.utf8Start[at]) }
  }

  /// What the text at `at` begins with after normalising, and how many bytes of the text that is.
  private func prefix(
    _ text: UnsafeRawBufferPointer, _ at: Int
  ) -> (prefix: UnsafeRawBufferPointer, consumed: Int) {
    if let length = userDefinedLength(text, at) {
      return (UnsafeRawBufferPointer(rebasing: text[at..<at + length]), length)
    }
    if let (length, replacement) = map?.match(text, at: at) { return (replacement, length) }
    if let length = UTF8Character.length(text, at: at) {
      return (UnsafeRawBufferPointer(rebasing: text[at..<at + length]), length)
    }
    let replacement: StaticString = "\u{FFFD}"
    return (
      UnsafeRawBufferPointer(start: replacement.utf8Start, count: replacement.utf8CodeUnitCount), 1
    )
  }

  /// Of the longest user-defined piece that the text at `at` begins with.
  private func userDefinedLength(_ text: UnsafeRawBufferPointer, _ at: Int) -> Int? {
    switch userDefined {
    case .none: return nil
    case .some(let trie):
      var node = PieceTrie.root
      var place = at
      var matches = 0
      var length: Int?
      while place < text.count, matches < Self.mostMatches {
        node = trie.child(node, text[place])
        guard node != PieceTrie.absent else { break }
        place += 1
        if trie.piece(node) >= 0 {
          length = place - at
          matches += 1
        }
      }
      return length
    }
  }
}
