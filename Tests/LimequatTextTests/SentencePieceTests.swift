import LimequatBytes
import LimequatText
import Testing

/// Ids as the sentencepiece library 0.2.3 gives them.
@Suite struct SentencePieceTests {
  @Test(arguments: Model.allCases)
  func idsAreTheLibrarys(_ model: Model) throws {
    var texts = Packed(try fixture("texts.bin"))
    var expected = Packed(try fixture("\(model.rawValue)/ids.bin"))
    var count = 0
    try Tables(model).withTokenizer(model.options) { tokenizer in
      while !texts.isAtEnd {
        let text = texts.text()
        let ids = expected.ids()
        let got = try tokenizer.pieceIds(of: text)
        #expect(got == ids, "\(String(decoding: text.prefix(80), as: UTF8.self))")
        count += 1
      }
    }
    #expect(count == 500)
    #expect(expected.isAtEnd)
  }

  /// Long enough for scores to be brought back to zero.
  @Test(arguments: Model.allCases)
  func longTextsAreTheLibrarys(_ model: Model) throws {
    var texts = Packed(try fixture("long.bin"))
    var expected = Packed(try fixture("\(model.rawValue)/long.bin"))
    try Tables(model).withTokenizer(model.options) { tokenizer in
      while !texts.isAtEnd {
        let text = texts.text()
        let ids = try tokenizer.pieceIds(of: (0..<300).flatMap { _ in text })
        #expect(ids.count == Int(expected.number()))
        let crc = ids.withUnsafeBytes { CRC32C.of($0) }
        #expect(crc == UInt32(bitPattern: expected.number()), "\(String(decoding: text, as: UTF8.self))")
      }
    }
    #expect(expected.isAtEnd)
  }
}

@Suite struct RowTests {
  /// One id for each letter: x 1, y 2, z 3; 0 is unknown.
  let tables = Tables([
    ("<unk>", 0, 2), ("x", -1, 1), ("y", -1, 1), ("z", -1, 1), ("</s>", 0, 3), ("</pad>", 0, 3),
  ])
  let options = TokenizerOptions(
    maxLength: 4, eos: .none, eosId: 4, padId: 5, addDummyPrefix: false, removeExtraWhitespaces: false)

  func row(_ text: String, _ change: (inout TokenizerOptions) -> Void = { _ in }) throws -> ([Int32], Int) {
    var options = options
    change(&options)
    return try tables.withTokenizer(options) { tokenizer in
      let row = try tokenizer.row(of: text)
      return (row.ids, row.length)
    }
  }

  @Test(arguments: [
    (TokenizerOptions.Eos.none, "", [5, 5, 5, 5], 0),
    (.none, "xy", [1, 2, 5, 5], 2),
    (.none, "xyzxy", [1, 2, 3, 1], 4),
    (.yes, "", [4, 5, 5, 5], 1),
    (.yes, "xyz", [1, 2, 3, 4], 4),
    (.yes, "xyzx", [1, 2, 3, 1], 4),
    (.yes, "xyzxyz", [1, 2, 3, 1], 4),
    (.sticky, "", [4, 5, 5, 5], 1),
    (.sticky, "xyz", [1, 2, 3, 4], 4),
    (.sticky, "xyzx", [1, 2, 3, 4], 4),
    (.sticky, "xyzxyz", [1, 2, 3, 4], 4),
  ])
  func rowsEndAndPad(_ eos: TokenizerOptions.Eos, _ text: String, _ ids: [Int32], _ length: Int) throws {
    let row = try row(text) { $0.eos = eos }
    #expect(row.0 == ids)
    #expect(row.1 == length)
  }

  @Test func oneIdHasRoomForEosOnly() throws {
    #expect(try row("xy") { ($0.maxLength, $0.eos) = (1, .sticky) }.0 == [4])
    #expect(try row("xy") { ($0.maxLength, $0.eos) = (1, .yes) }.0 == [1])
  }

  @Test func onlyAsciiIsLowered() throws {
    #expect(try row("XyZ").0 == [0, 2, 0, 5])
    #expect(try row("XyZ") { $0.lowerCase = true }.0 == [1, 2, 3, 5])
    let accent = Tables([("<unk>", 0, 2), ("é", -1, 1), ("[", -1, 1)])
    var options = options
    options.lowerCase = true
    #expect(try accent.withTokenizer(options) { try $0.row(of: "É[é@").ids } == [0, 2, 1, 0])
  }

  @Test func unknownsInARowAreOne() throws {
    #expect(try row("??x??").0 == [0, 1, 0, 5])
  }
}
