// Includes protobuf-c.h too, and may be the module that its types are said to come from.
internal import CLimequatSchema
internal import CProtobufC
internal import CSentencePieceSchema
internal import LimequatBytes
internal import LimequatCheckpoint
internal import LimequatContainer
internal import LimequatProtobuf
internal import LimequatTensor
internal import LimequatText

extension TokenizerConfig {
  /// The tokenizer as the output has it; its tables become tensors `tokenizer/0/...`.
  func draft(
    folder: String, vocabulary: Int, length: Int, into draft: inout ModelDraft
  ) throws(ConversionError) -> TokenizerDraft {
    var result = TokenizerDraft(
      kind: file == nil ? .idsOnly : .sentencepieceUnigram, maxLength: length, eos: eos)
    result.eosId = eosId.map(Int32.init(truncatingIfNeeded:))  // below vocab_size, which is below 2^31
    result.padId = padId.map(Int32.init(truncatingIfNeeded:))
    guard let file else { return result }
    let model = try SentencePieceModel.read("\(folder)/\(file)", maximumPieces: vocabulary)
    try model.check(result, file: "\(folder)/\(file)")
    let count = model.types.count
    result.lowerCase = lowerCase
    result.pieces = "tokenizer/0/pieces"
    result.pieceOffsets = "tokenizer/0/piece_offsets"
    result.scores = "tokenizer/0/scores"
    result.pieceTypes = "tokenizer/0/piece_types"
    result.unknownId = model.unknownId
    result.addDummyPrefix = model.addDummyPrefix
    result.removeExtraWhitespaces = model.removeExtraWhitespaces
    result.escapeWhitespaces = model.escapeWhitespaces
    result.treatWhitespaceAsSuffix = model.treatWhitespaceAsSuffix
    result.byteFallback = model.byteFallback
    try draft.made(result.pieces, .u8, [model.text.count], bytes: model.text)
    try draft.made(result.pieceOffsets, .i32, [count + 1], bytes: model.offsets.bytes)
    try draft.made(result.scores, .f32, [count], bytes: model.scores.bytes)
    try draft.made(result.pieceTypes, .u8, [count], bytes: model.types)
    if !model.characterMap.isEmpty {
      result.characterMap = "tokenizer/0/character_map"
      try draft.made(result.characterMap, .u8, [model.characterMap.count], bytes: model.characterMap)
    }
    return result
  }
}

/// The tables of a SentencePiece model file of type UNIGRAM.
struct SentencePieceModel {
  /// The pieces one after the other.
  private(set) var text: [UInt8] = []
  /// i32 little-endian: where each piece begins, and where the last ends.
  private(set) var offsets = ByteWriter()
  /// f32 little-endian.
  private(set) var scores = ByteWriter()
  private(set) var types: [UInt8] = []
  private(set) var characterMap: [UInt8] = []
  private(set) var unknownId: Int32 = 0
  var addDummyPrefix = true
  var removeExtraWhitespaces = true
  var escapeWhitespaces = true
  var treatWhitespaceAsSuffix = false
  var byteFallback = false

  private static let fileLimit = 64 << 20
  /// Messages in messages: model, piece, and room for what is skipped.
  private static let depth = 8
  /// Unpacked, a piece takes a struct, a pointer and its text: about 100 bytes for 10 in the file.
  private static let memoryLimit = 1 << 30

  /// Reads a file of at most `maximumPieces` pieces.
  static func read(_ path: String, maximumPieces: Int) throws(ConversionError) -> SentencePieceModel {
    let file = try withCheckpoint { () throws(CheckpointError) in try readFile(path, limit: fileLimit) }
    func bad(_ expected: String, _ found: String) -> ConversionError {
      .tokenizer(file: path, expected: expected, found: found)
    }
    let message: UnpackedMessage<Sentencepiece__ModelProto>
    var empty = Sentencepiece__ModelProto()
    sentencepiece__model_proto__init(&empty)
    do throws(ProtobufError) {
      message = try .unpack(
        UnsafeRawBufferPointer(file.bytes), descriptor: empty.base.descriptor, maximumDepth: depth,
        memoryLimit: memoryLimit)
    } catch .memory(let error) {
      throw .memory(error)
    } catch {
      throw bad("a SentencePiece model", "\(error)")
    }
    let root = message.root.pointee
    guard root.n_pieces > 0 else { throw bad("a SentencePiece model with pieces", "none") }
    guard root.n_pieces <= maximumPieces else {
      throw bad("at most \(maximumPieces) pieces, the vocab_size", "\(root.n_pieces)")
    }
    var model = SentencePieceModel()
    if let trainer = root.trainer_spec?.pointee {
      guard trainer.model_type == SENTENCEPIECE__TRAINER_SPEC__MODEL_TYPE__UNIGRAM else {
        throw bad("model_type UNIGRAM (1)", "\(trainer.model_type.rawValue)")
      }
      model.treatWhitespaceAsSuffix = trainer.treat_whitespace_as_suffix != 0
      model.byteFallback = trainer.byte_fallback != 0
    }
    if let normalizer = root.normalizer_spec?.pointee {
      model.addDummyPrefix = normalizer.add_dummy_prefix != 0
      model.removeExtraWhitespaces = normalizer.remove_extra_whitespaces != 0
      model.escapeWhitespaces = normalizer.escape_whitespaces != 0
      let map = normalizer.precompiled_charsmap
      model.characterMap = [UInt8](UnsafeRawBufferPointer(start: map.data, count: map.len))
    }
    try model.take(root, bad: bad)
    return model
  }

  private mutating func take(
    _ root: Sentencepiece__ModelProto, bad: (String, String) -> ConversionError
  ) throws(ConversionError) {
    var unknowns = 0
    for index in 0..<root.n_pieces {
      guard let piece = root.pieces[index]?.pointee else { continue }
      if piece.type == SENTENCEPIECE__SENTENCE_PIECE__TYPE__UNKNOWN {
        unknowns += 1
        unknownId = Int32(truncatingIfNeeded: index)  // at most vocab_size
      }
      offsets.write(Int32(truncatingIfNeeded: text.count))  // the file has at most 64 MiB
      text += UnsafeRawBufferPointer(start: piece.piece.data, count: piece.piece.len)
      scores.write(piece.score)
      types.append(UInt8(clamping: piece.type.rawValue))
    }
    offsets.write(Int32(truncatingIfNeeded: text.count))
    guard unknowns == 1 else { throw bad("one unknown piece", "\(unknowns)") }
  }

  /// Makes the tokenizer, as a reader of the output will: that checks every table.
  func check(_ draft: TokenizerDraft, file: String) throws(ConversionError) {
    var options = TokenizerOptions(maxLength: draft.maxLength, eos: .none, eosId: nil, padId: nil)
    options.unknownId = unknownId
    options.byteFallback = byteFallback
    // Array's own withUnsafeBytes rethrows untyped.
    let fault: TextError? = text.withUnsafeBytes { text in
      offsets.bytes.withUnsafeBytes { offsets in
        scores.bytes.withUnsafeBytes { scores in
          types.withUnsafeBytes { types in
            characterMap.withUnsafeBytes { map in
              let tables = UnigramTables(
                pieces: text, offsets: offsets, scores: scores, types: types, characterMap: map)
              do throws(TextError) {
                _ = try UnigramTokenizer.make(tables: tables, options: options)
                return nil
              } catch { return error }
            }
          }
        }
      }
    }
    if let fault { throw .tokenizerTables(file: file, fault) }
  }
}
