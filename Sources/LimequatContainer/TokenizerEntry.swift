internal import CLimequatSchema
public import LimequatBytes

/// How text becomes token ids. Valid while its container lives.
public struct TokenizerEntry: @unchecked Sendable {
  public enum Kind: Int32, Sendable {
    /// Takes ready ids; eos and pad tell lengths.
    case idsOnly = 1
    case sentencepieceUnigram = 2
  }

  public enum EndOfText: Int32, Sendable {
    /// Cut at the maximum length.
    case none = 1
    /// Append the id, then cut.
    case yes = 2
    /// Append the id; where it is too long, the first `maxLength - 1` ids and the id.
    case sticky = 3
  }

  let message: UnsafePointer<Limequat__Tokenizer>

  // C30 refuses unknown values when the container is opened.
  public var kind: Kind {
    Kind(rawValue: Int32(truncatingIfNeeded: message.pointee.kind.rawValue)) ?? .idsOnly
  }
  public var maxLength: Int { Int(message.pointee.max_length) }
  public var eos: EndOfText {
    EndOfText(rawValue: Int32(truncatingIfNeeded: message.pointee.eos.rawValue)) ?? .none
  }
  public var eosId: Int32? {
    guard message.pointee.eos_id_or_none_case == LIMEQUAT__TOKENIZER__EOS_ID_OR_NONE_EOS_ID
    else { return nil }
    return Int32(truncatingIfNeeded: message.pointee.eos_id)  // C30: below 2^31
  }
  public var padId: Int32? {
    guard message.pointee.pad_id_or_none_case == LIMEQUAT__TOKENIZER__PAD_ID_OR_NONE_PAD_ID
    else { return nil }
    return Int32(truncatingIfNeeded: message.pointee.pad_id)  // C30: below 2^31
  }
  /// A-Z to a-z before all else.
  public var lowerCase: Bool { message.pointee.lower_case != 0 }

  // The rest is for `sentencepieceUnigram`; each name is that of a tensor.

  /// u8 [bytes]: the pieces one after the other.
  public var pieces: Name { Name(field: message.pointee.pieces) }
  /// i32 [pieces + 1]: where each begins.
  public var pieceOffsets: Name { Name(field: message.pointee.piece_offsets) }
  /// f32 [pieces].
  public var scores: Name { Name(field: message.pointee.scores) }
  /// u8 [pieces]: SentencePiece's types.
  public var pieceTypes: Name { Name(field: message.pointee.piece_types) }
  /// u8 [bytes]: SentencePiece's precompiled normaliser; empty for none.
  public var characterMap: Name { Name(field: message.pointee.character_map) }
  public var unknownId: Int32 { Int32(truncatingIfNeeded: message.pointee.unknown_id) }  // C31: a piece
  public var addDummyPrefix: Bool { message.pointee.add_dummy_prefix != 0 }
  public var removeExtraWhitespaces: Bool { message.pointee.remove_extra_whitespaces != 0 }
  public var escapeWhitespaces: Bool { message.pointee.escape_whitespaces != 0 }
  public var treatWhitespaceAsSuffix: Bool { message.pointee.treat_whitespace_as_suffix != 0 }
  public var byteFallback: Bool { message.pointee.byte_fallback != 0 }
}
