internal import LimequatBytes

/// What can be wrong with a tokenizer's tables or options, or with a text for it.
public indirect enum TextError: Error, Equatable, Sendable {
  /// The system refused this many bytes of memory.
  case outOfMemory(bytes: Int)
  /// A table has another size than the number of scores demands, in bytes.
  case tableSize(Table, bytes: Int, expected: Int)
  /// There are no pieces, or more than 2^24.
  case pieceCount(Int)
  /// A piece's offset goes back, past the end, or leaves bytes before the first or after the last piece.
  case pieceOffset(piece: Int, offset: Int, size: Int)
  /// A piece is empty or has 8,000 bytes or more.
  case pieceLength(piece: Int, bytes: Int)
  /// A piece is no UTF-8, or has a zero byte.
  case pieceText(piece: Int)
  /// A normal or user-defined piece that was there before.
  case duplicatePiece(piece: Int, first: Int)
  /// A score is not finite.
  case score(piece: Int)
  /// A type that is none of 1 to 6, or a byte piece where it is not allowed.
  case pieceType(piece: Int, type: UInt8)
  /// A byte piece is not <0x00> to <0xFF>, or one of the 256 is missing or there twice.
  case bytePiece(piece: Int)
  /// The unknown piece is not the only one of type 2, at the id that the options name.
  case unknownPiece(id: Int)
  /// The character map breaks a rule of formats/tokenizer.md.
  case characterMap(CharacterMapFault)
  /// An option out of its range, or missing.
  case option(Option)
  /// The text, or what normalising makes of it, is too long, in bytes.
  case textLength(bytes: Int, most: Int)
  /// The room for ids is not max_length.
  case outputCount(got: Int, expected: Int)

  public enum Table: Sendable { case offsets, scores, types }
  public enum Option: Sendable { case kind, maxLength, eosId, padId }
  public enum CharacterMapFault: Sendable { case size, root, unit, leaf, strings }

  init(_ error: BytesError) {
    if case .outOfMemory(let bytes) = error {
      self = .outOfMemory(bytes: bytes)
    } else {
      self = .outOfMemory(bytes: 0)  // memory is all that is asked of LimequatBytes here
    }
  }
}

extension TextError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .outOfMemory(let bytes): "out of memory: \(bytes) bytes were refused"
    case .tableSize(let table, let bytes, let expected):
      "the tokenizer's \(table.name) are \(bytes) bytes, expected \(expected)"
    case .pieceCount(let count):
      "the tokenizer has \(count) pieces, expected 1 to \(UnigramTables.mostPieces)"
    case .pieceOffset(let piece, let offset, let size):
      "piece \(piece) of the tokenizer begins or ends at byte \(offset) of \(size): offsets must start at 0, "
        + "never go back and end with the last byte"
    case .pieceLength(let piece, let bytes):
      "piece \(piece) of the tokenizer has \(bytes) bytes, expected 1 to \(UnigramTables.longestPiece)"
    case .pieceText(let piece): "piece \(piece) of the tokenizer is no UTF-8 or has a zero byte"
    case .duplicatePiece(let piece, let first):
      "piece \(piece) of the tokenizer is the same as piece \(first)"
    case .score(let piece): "the score of piece \(piece) of the tokenizer is not a finite number"
    case .pieceType(let piece, let type):
      "piece \(piece) of the tokenizer has type \(type): expected 1 to 6, and 6 only with byte fallback"
    case .bytePiece(let piece):
      "byte pieces of the tokenizer must be <0x00> to <0xFF>, each once: "
        + "piece \(piece) is not, or one is missing"
    case .unknownPiece(let id): "the tokenizer must have exactly one unknown piece, at id \(id)"
    case .characterMap(let fault): "the tokenizer's character map is damaged: \(fault.sentence)"
    case .option(let option): option.sentence
    case .textLength(let bytes, let most): "a text of \(bytes) bytes or more, and \(most) is the most"
    case .outputCount(let got, let expected): "there is room for \(got) ids, expected exactly \(expected)"
    }
  }
}

extension TextError.Table {
  var name: String {
    switch self {
    case .offsets: "piece offsets"
    case .scores: "scores"
    case .types: "piece types"
    }
  }
}

extension TextError.Option {
  var sentence: String {
    switch self {
    case .kind: "this model takes ready token ids: it has no tokenizer for text"
    case .maxLength: "the tokenizer's max_length must be 1 to \(TokenizerOptions.longestOutput)"
    case .eosId: "the tokenizer appends an end of text and has no valid eos_id for it"
    case .padId: "the tokenizer's pad_id is below 0"
    }
  }
}

extension TextError.CharacterMapFault {
  var sentence: String {
    switch self {
    case .size: "its trie is not a multiple of 1,024 bytes, is empty, or leaves no room for the strings"
    case .root: "its trie has no root"
    case .unit: "a unit of its trie points outside"
    case .leaf: "a leaf of its trie points outside the strings, or is no leaf"
    case .strings:
      "its strings do not end with a zero byte, or one has more than \(CharacterMap.longestString) bytes"
    }
  }
}
