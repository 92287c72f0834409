/// How a text becomes a row of ids: formats/tokenizer.md. Field for field the message Tokenizer of
/// limequat.proto, without the names of its tables.
public struct TokenizerOptions: Sendable {
  public enum Kind: Sendable {
    /// The model takes ready ids; no text can be encoded.
    case idsOnly
    case sentencePieceUnigram
  }
  public enum Eos: Sendable {
    /// Cut at `maxLength`.
    case none
    /// Append `eosId`, then cut at `maxLength`.
    case yes
    /// Append `eosId`; if that is too long, the first `maxLength` - 1 ids and `eosId`.
    case sticky
  }

  public var kind: Kind
  /// In ids.
  public var maxLength: Int
  public var eos: Eos
  public var eosId: Int32?
  /// Nil: rows are filled with 0, for a model that looks at lengths.
  public var padId: Int32?
  /// A-Z to a-z before all else, nothing beyond ASCII.
  public var lowerCase: Bool
  public var unknownId: Int32
  public var addDummyPrefix: Bool
  public var removeExtraWhitespaces: Bool
  public var escapeWhitespaces: Bool
  public var treatWhitespaceAsSuffix: Bool
  public var byteFallback: Bool

  /// The defaults are SentencePiece's.
  public init(
    kind: Kind = .sentencePieceUnigram, maxLength: Int, eos: Eos, eosId: Int32?, padId: Int32?,
    lowerCase: Bool = false, unknownId: Int32 = 0, addDummyPrefix: Bool = true,
    removeExtraWhitespaces: Bool = true, escapeWhitespaces: Bool = true,
    treatWhitespaceAsSuffix: Bool = false, byteFallback: Bool = false
  ) {
    self.kind = kind
    self.maxLength = maxLength
    self.eos = eos
    self.eosId = eosId
    self.padId = padId
    self.lowerCase = lowerCase
    self.unknownId = unknownId
    self.addDummyPrefix = addDummyPrefix
    self.removeExtraWhitespaces = removeExtraWhitespaces
    self.escapeWhitespaces = escapeWhitespaces
    self.treatWhitespaceAsSuffix = treatWhitespaceAsSuffix
    self.byteFallback = byteFallback
  }

  /// Of a row of ids.
  public static let longestOutput = 131_072

  func check() throws(TextError) {
    guard kind == .sentencePieceUnigram else { throw .option(.kind) }
    guard 1...Self.longestOutput ~= maxLength else { throw .option(.maxLength) }
    if eos != .none {
      guard let eosId, eosId >= 0 else { throw .option(.eosId) }
    }
    guard (padId ?? 0) >= 0 else { throw .option(.padId) }
  }
}
