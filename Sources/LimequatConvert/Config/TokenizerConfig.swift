internal import LimequatCheckpoint
internal import LimequatContainer

/// The object `tokenizer` (formats/limoe-checkpoint.md, section 6).
struct TokenizerConfig {
  /// Of the SentencePiece model, in the folder; nil: token ids only.
  var file: String?
  var lowerCase = false
  var eos: TokenizerEntry.EndOfText
  var eosId: Int?
  var padId: Int?

  /// Nil for null: nothing is known about the ids.
  static func read(
    _ config: inout ConfigObject, vocabulary: Int, length: Int
  ) throws(ConversionError) -> TokenizerConfig? {
    guard var keys = try config.object("tokenizer") else { return nil }
    let hasModel = try keys.choice("type", ["none": false, "sentencepiece_unigram": true])
    var result = TokenizerConfig(
      eos: try keys.choice("eos", ["sticky": .sticky, "yes": .yes, "none": .none], otherwise: .sticky))
    _ = try keys.integer("max_length", in: length...length, otherwise: length)
    if hasModel {
      let file = try keys.string("file")
      guard isPlainFileName(file) else {
        throw keys.bad("file", expected: "a file name without a path", found: quoted(file))
      }
      result.file = file
      result.lowerCase = try keys.boolean("lower_case", otherwise: true)
    } else {
      for key in ["file", "lower_case"] {
        if let found = keys.take(key) {
          throw keys.bad(key, expected: "no such key beside type \"none\"", found: found.shown)
        }
      }
    }
    if hasModel || keys.has("eos_id") { result.eosId = try keys.integer("eos_id", in: 0...vocabulary - 1) }
    if hasModel || keys.has("pad_id") { result.padId = try keys.integer("pad_id", in: 0...vocabulary - 1) }
    // Ids without a known end: nothing is appended to them, whatever `eos` says.
    if result.eosId == nil { result.eos = .none }
    try keys.finish()
    return result
  }
}
