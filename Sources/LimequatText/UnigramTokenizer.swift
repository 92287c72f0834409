public import LimequatBytes

/// Makes rows of token ids from text with a SentencePiece UNIGRAM model, as SentencePiece itself does.
///
/// Immutable, so any number of threads may use one at the same time.
public final class UnigramTokenizer: @unchecked Sendable {
  public let options: TokenizerOptions
  private let tables: UnigramTables
  private let trie: PieceTrie
  private let normalizer: TextNormalizer
  private let byteIds: ByteIds?
  private let unknownScore: Float

  /// The longest text, in bytes.
  public static let longestText = 1 << 24

  private init(
    options: TokenizerOptions, tables: UnigramTables, trie: consuming PieceTrie,
    normalizer: consuming TextNormalizer, byteIds: consuming ByteIds?, unknownScore: Float
  ) {
    self.options = options
    self.tables = tables
    self.trie = trie
    self.normalizer = normalizer
    self.byteIds = byteIds
    self.unknownScore = unknownScore
  }

  /// Checks every table, and builds what looking up needs: linear in the size of the tables, so not to be
  /// done before a text comes. The tables' memory must live as long as the tokenizer.
  public static func make(
    tables: UnigramTables, options: TokenizerOptions
  ) throws(TextError) -> UnigramTokenizer {
    try options.check()
    let lowest = try tables.check(options)
    let map = tables.characterMap.isEmpty ? nil : try CharacterMap(tables.characterMap)
    let byteIds = options.byteFallback ? try ByteIds(tables) : nil
    let user: UInt8 = 1 << PieceType.userDefined
    let trie = try PieceTrie.build(tables, types: user | 1 << PieceType.normal)
    var hasUserDefined = false
    for index in 0..<tables.count where tables.type(index) == PieceType.userDefined { hasUserDefined = true }
    let userDefined = hasUserDefined ? try PieceTrie.build(tables, types: user) : nil
    let tokenizer = UnigramTokenizer(
      options: options, tables: tables, trie: trie,
      normalizer: TextNormalizer(options, map: map, userDefined: userDefined), byteIds: byteIds,
      unknownScore: lowest - 10)
    do throws(BytesError) { try Memory.check() } catch { throw TextError(error) }
    return tokenizer
  }

  /// Fills a row of exactly `maxLength` ids: cut, ended and padded as the options say. Answers its length
  /// before padding. `text` may hold any bytes; what is no UTF-8 counts as U+FFFD.
  public func encode(
    _ text: UnsafeRawBufferPointer, into ids: UnsafeMutableBufferPointer<Int32>
  ) throws(TextError) -> Int {
    guard ids.count == options.maxLength else {
      throw .outputCount(got: ids.count, expected: options.maxLength)
    }
    let normalized = try normalize(text)
    var length = min(write(try path(normalized), normalized, into: ids), ids.count)
    if let eosId = options.eosId, options.eos != .none {
      if length < ids.count {
        ids[length] = eosId
        length += 1
      } else if options.eos == .sticky {
        ids[length - 1] = eosId
      }
    }
    for index in length..<ids.count { ids[index] = options.padId ?? 0 }
    return length
  }

  /// All ids that SentencePiece's `encode` gives, without end of text and pads.
  public func pieceIds(_ text: UnsafeRawBufferPointer) throws(TextError) -> Table<Int32> {
    let normalized = try normalize(text)
    let path = try path(normalized)
    let count = write(path, normalized, into: UnsafeMutableBufferPointer(start: nil, count: 0))
    let table: Table<Int32>
    do throws(BytesError) { table = try Table(repeating: 0, count: count) } catch { throw TextError(error) }
    table.withElements { _ = write(path, normalized, into: $0) }
    return table
  }

  private func normalize(_ text: UnsafeRawBufferPointer) throws(TextError) -> NormalizedText {
    guard text.count <= Self.longestText else {
      throw .textLength(bytes: text.count, most: Self.longestText)
    }
    guard options.lowerCase else { return try normalizer.normalize(text) }
    let lower = try allocate(text.count)
    let bytes = lower.bytes
    for index in 0..<text.count {
      let byte = text[index]
      bytes[index] = 0x41...0x5A ~= byte ? byte | 0x20 : byte
    }
    return try normalizer.normalize(UnsafeRawBufferPointer(bytes))
  }

  private func path(_ text: borrowing NormalizedText) throws(TextError) -> UnigramPath {
    try UnigramPath(text.bytes, trie: trie, tables: tables, unknownScore: unknownScore)
  }

  /// Writes as many ids as there is room for; answers how many there are. Unknown pieces in a row make one
  /// unknown id, or the ids of their bytes.
  private func write(
    _ path: borrowing UnigramPath, _ text: borrowing NormalizedText,
    into ids: UnsafeMutableBufferPointer<Int32>
  ) -> Int {
    var count = 0
    var start = 0
    var wasUnknown = false
    while let (end, piece) = path.next(after: start) {
      let isUnknown = piece == UnigramPath.unknown
      if isUnknown, options.byteFallback {
        for at in start..<end {
          if count < ids.count { ids[count] = byteId(text.bytes[at]) }
          count += 1
        }
      } else if !(isUnknown && wasUnknown) {
        if count < ids.count { ids[count] = isUnknown ? options.unknownId : piece }
        count += 1
      }
      wasUnknown = isUnknown
      start = end
    }
    return count
  }

  private func byteId(_ byte: UInt8) -> Int32 {
    switch byteIds {
    case .none: options.unknownId
    case .some(let ids): ids.id(byte)
    }
  }
}
