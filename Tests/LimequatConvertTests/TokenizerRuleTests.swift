import LimequatBytes
import LimequatTestSupport
import LimequatText
import Testing

@testable import LimequatConvert

/// Protobuf fields by hand, so that the tests can write what no library would.
private enum Wire {
  static func varint(_ value: UInt64) -> [UInt8] {
    value < 128 ? [UInt8(value)] : [UInt8(value & 127) | 128] + varint(value >> 7)
  }
  static func field(_ number: UInt64, _ bytes: [UInt8]) -> [UInt8] {
    varint(number << 3 | 2) + varint(UInt64(bytes.count)) + bytes
  }
  static func field(_ number: UInt64, _ value: UInt64) -> [UInt8] { varint(number << 3) + varint(value) }
  static func float(_ number: UInt64, _ value: Float) -> [UInt8] {
    varint(number << 3 | 5) + withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
  }
  static func piece(_ text: [UInt8], _ score: Float = -1, type: UInt64? = nil) -> [UInt8] {
    field(1, field(1, text) + float(2, score) + (type.map { field(3, $0) } ?? []))
  }
  static func piece(_ text: String, _ score: Float = -1, type: UInt64? = nil) -> [UInt8] {
    piece(Array(text.utf8), score, type: type)
  }
}

private let unknown = Wire.piece("<unk>", 0, type: 2)
private let good = unknown + Wire.piece("</s>", 0, type: 3) + Wire.piece("a") + Wire.piece("b", -2)

private func folder(_ model: [UInt8]) throws -> TemporaryFolder {
  var tiny = TinyModel.limoe
  tiny.config["tokenizer"] =
    "{\"type\":\"sentencepiece_unigram\",\"file\":\"my.model\",\"eos_id\":1,\"pad_id\":1}"
  let folder = try TemporaryFolder()
  try tiny.write(to: folder)
  try folder.write("my.model", model)
  return folder
}

@Test func takesASmallTokenizer() throws {
  #expect(complaint(try folder(good), writes: true) == nil)
}

private let badModels: [(String, [UInt8], String)] = [
  ("empty", [], "a SentencePiece model with pieces, found none"),
  ("text", Array("no model at all".utf8), "a SentencePiece model, found protobuf"),
  ("zip", [0x50, 0x4B, 3, 4, 0, 0], "a SentencePiece model"),
  ("cut", good.dropLast(2), "a SentencePiece model"),
  ("BPE", good + Wire.field(2, Wire.field(3, 2)), "model_type UNIGRAM (1), found 2"),
  ("word", good + Wire.field(2, Wire.field(3, 3)), "found 3"),
  ("char", good + Wire.field(2, Wire.field(3, 4)), "found 4"),
  ("unknown model type", good + Wire.field(2, Wire.field(3, 9)), "found 9"),
  (
    "too many pieces", good + (0..<61).flatMap { Wire.piece("p\($0)") },
    "at most 64 pieces, the vocab_size, found 65"
  ),
  ("no unknown piece", Wire.piece("a"), "one unknown piece, found 0"),
  ("two unknown pieces", good + Wire.piece("<u>", type: 2), "one unknown piece, found 2"),
  ("score NaN", good + Wire.piece("c", .nan), "score of piece 4"),
  ("score infinite", good + Wire.piece("c", -.infinity), "score of piece 4"),
  ("empty piece", good + Wire.piece(""), "piece 4"),
  ("piece twice", good + Wire.piece("a"), "piece 4 of the tokenizer is the same as piece 2"),
  ("piece not UTF-8", good + Wire.piece([0xFF]), "piece 4 of the tokenizer is no UTF-8"),
  ("piece type", good + Wire.piece("c", type: 7), "piece 4 of the tokenizer has type 7"),
  ("byte piece without fallback", good + Wire.piece("<0x00>", type: 6), "type 6"),
  ("fallback without bytes", good + Wire.field(2, Wire.field(35, 1)), "byte pieces"),
  ("character map", good + Wire.field(3, Wire.field(2, [1, 2, 3])), "character map"),
]

@Test(arguments: badModels) func refusesTokenizer(_ name: String, _ model: [UInt8], _ says: String) throws {
  let folder = try folder(model)
  let said = try #require(complaint(folder))
  #expect(said.contains(says), "\(said)")
  #expect(said.contains("my.model"))
}

@Test func givesSentencePiecesIds() throws {
  let source = Fixture.path("limoe-sentencepiece")
  let model = try SentencePieceModel.read("\(source)/tokenizer.model", maximumPieces: 64)
  var options = TokenizerOptions(maxLength: 12, eos: .sticky, eosId: 1, padId: 1, lowerCase: true)
  options.unknownId = model.unknownId
  options.addDummyPrefix = model.addDummyPrefix
  options.removeExtraWhitespaces = model.removeExtraWhitespaces
  options.escapeWhitespaces = model.escapeWhitespaces
  #expect(!model.characterMap.isEmpty)
  // texts.json and token_ids.npy of the fixture, the ids made with the sentencepiece library.
  let texts = [
    "A photo of a CAT", "", "two dogs", "the sea at night, an old map of the city", "</s> caf\u{E9}\u{2026}",
    "  \u{FF21}  b ",
  ]
  let wanted = try bytes(ofFile: "\(source)/token_ids.npy").suffix(6 * 12 * 4)
  var got: [UInt8] = []
  try model.text.withUnsafeBytes { pieces in
    try model.offsets.bytes.withUnsafeBytes { offsets in
      try model.scores.bytes.withUnsafeBytes { scores in
        try model.types.withUnsafeBytes { types in
          try model.characterMap.withUnsafeBytes { map in
            let tokenizer = try UnigramTokenizer.make(
              tables: UnigramTables(
                pieces: pieces, offsets: offsets, scores: scores, types: types, characterMap: map),
              options: options)
            for text in texts {
              var ids = [Int32](repeating: 0, count: 12)
              _ = try Array(text.utf8).withUnsafeBytes { bytes in
                try ids.withUnsafeMutableBufferPointer { try tokenizer.encode(bytes, into: $0) }
              }
              got += ids.withUnsafeBytes { Array($0) }
            }
          }
        }
      }
    }
  }
  #expect(got == Array(wanted))
}
