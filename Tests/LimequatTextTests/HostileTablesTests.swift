import LimequatText
import Testing

@Suite struct TableRulesTests {
  let options = TokenizerOptions(maxLength: 4, eos: .none, eosId: nil, padId: 0)
  let good: [(piece: String, score: Float, type: UInt8)] = [
    ("<unk>", 0, 2), ("a", -1, 1), ("ab", -2, 1), ("<u>", 0, 4),
  ]

  func refused(
    _ error: TextError, _ change: (inout Tables) -> Void, options: TokenizerOptions? = nil,
    location: SourceLocation = #_sourceLocation
  ) {
    var tables = Tables(good)
    change(&tables)
    #expect(throws: error, sourceLocation: location) {
      try tables.withTokenizer(options ?? self.options) { _ in }
    }
  }

  @Test func sizesAndOffsets() throws {
    #expect(try Tables(good).ids(options, [0x61]) == [0, 1])
    refused(.pieceCount(0)) { $0.types = [] }
    refused(.tableSize(.offsets, bytes: 16, expected: 20)) { $0.offsets.removeLast(4) }
    refused(.tableSize(.scores, bytes: 17, expected: 16)) { $0.scores.append(0) }
    refused(.pieceOffset(piece: 0, offset: 1, size: 11)) { $0.offsets[0] = 1 }
    refused(.pieceOffset(piece: 3, offset: 10, size: 11)) { $0.offsets[16] = 10 }
    refused(.pieceOffset(piece: 1, offset: 4, size: 11)) { $0.offsets[8] = 4 }
    refused(.pieceOffset(piece: 0, offset: -251, size: 11)) {
      $0.offsets.replaceSubrange(5..<8, with: [255, 255, 255])
    }
    refused(.pieceLength(piece: 1, bytes: 0)) { $0.offsets[8] = 5 }
  }

  @Test func pieces() {
    refused(.pieceText(piece: 1)) { $0.pieces[5] = 0xC3 }
    refused(.pieceText(piece: 1)) { $0.pieces[5] = 0 }
    refused(.duplicatePiece(piece: 2, first: 1)) {
      $0 = Tables([("<unk>", 0, 2), ("a", -1, 1), ("a", -1, 4)])
    }
    refused(.score(piece: 2)) { $0.scores.replaceSubrange(8..<12, with: [0, 0, 0xC0, 0x7F]) }
    refused(.score(piece: 2)) { $0.scores.replaceSubrange(8..<12, with: [0, 0, 0x80, 0xFF]) }
    refused(.pieceType(piece: 1, type: 7)) { $0.types[1] = 7 }
    refused(.pieceType(piece: 1, type: 0)) { $0.types[1] = 0 }
    refused(.pieceType(piece: 1, type: 6)) { $0.types[1] = 6 }
    refused(.unknownPiece(id: 0)) { $0.types[0] = 1 }
    refused(.unknownPiece(id: 0)) { $0.types[1] = 2 }
    refused(.pieceLength(piece: 1, bytes: 8_000)) {
      $0 = Tables([("<unk>", 0, 2), (String(repeating: "a", count: 8_000), 0, 1)])
    }
  }

  @Test func bytePieces() throws {
    var bytes = options
    bytes.byteFallback = true
    refused(.bytePiece(piece: 4), { _ in }, options: bytes)
    refused(.bytePiece(piece: 1), { $0.types[1] = 6 }, options: bytes)
    refused(
      .bytePiece(piece: 2), { $0 = Tables([("<0x0A>", 0, 6), ("<0x0B>", 0, 6), ("<0x0A>", 0, 6)]) },
      options: bytes)
    let digits = Array("0123456789ABCDEF")
    let all = (0..<256).map {
      (piece: "<0x\(digits[$0 / 16])\(digits[$0 % 16])>", score: Float(0), type: UInt8(6))
    }
    #expect(try Tables(all).ids(bytes, [0x61]) == [0xE2, 0x96, 0x81, 0x61])
    // A byte 0 as an unused piece is what some converters leave behind.
    #expect(try Tables(all + [("\0", 0, 5)]).ids(bytes, [0]).last == 0)
  }

  @Test func optionsOfRows() {
    refused(
      .option(.kind), { _ in },
      options: TokenizerOptions(kind: .idsOnly, maxLength: 1, eos: .none, eosId: 1, padId: 1))
    refused(
      .option(.maxLength), { _ in }, options: TokenizerOptions(maxLength: 0, eos: .none, eosId: 1, padId: 1))
    refused(
      .option(.eosId), { _ in }, options: TokenizerOptions(maxLength: 1, eos: .yes, eosId: nil, padId: 1))
    refused(
      .option(.eosId), { _ in }, options: TokenizerOptions(maxLength: 1, eos: .sticky, eosId: -1, padId: 1))
    refused(
      .option(.padId), { _ in }, options: TokenizerOptions(maxLength: 1, eos: .none, eosId: nil, padId: -1))
    #expect(TextError.option(.padId).description == "the tokenizer's pad_id is below 0")
  }

  @Test func roomAndLength() throws {
    try Tables(good).withTokenizer(options) { tokenizer in
      var ids: [Int32] = [0, 0, 0]
      #expect(throws: TextError.outputCount(got: 3, expected: 4)) {
        try [UInt8](repeating: 0x61, count: 3).withUnsafeBytes { text in
          _ = try ids.withUnsafeMutableBufferPointer { try tokenizer.encode(text, into: $0) }
        }
      }
      #expect(throws: TextError.textLength(bytes: 16_777_217, most: 16_777_216)) {
        try tokenizer.pieceIds(of: [UInt8](repeating: 0x61, count: 16_777_217))
      }
    }
  }
}

@Suite struct CharacterMapRulesTests {
  /// The custom model's map with some bytes changed.
  func refused(
    _ fault: TextError.CharacterMapFault, _ change: (inout [UInt8]) -> Void,
    location: SourceLocation = #_sourceLocation
  ) throws {
    var tables = try Tables(.custom)
    change(&tables.map)
    #expect(throws: TextError.characterMap(fault), sourceLocation: location) {
      try tables.withTokenizer(Model.custom.options) { _ in }
    }
  }

  func unit(_ map: [UInt8], _ index: Int) -> UInt32 {
    map.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 4 + 4 * index, as: UInt32.self) }
  }

  @Test func everyRule() throws {
    try refused(.size) { $0 = [1, 2, 3] }
    try refused(.size) { $0 = [0, 0, 0, 0, 0] }
    try refused(.size) { $0[0] = 4 }
    try refused(.size) { $0.removeLast($0.count - 1_028) }
    try refused(.size) { $0[3] = 0xFF }
    try refused(.root) { $0[5] |= 1 }
    try refused(.root) { $0.replaceSubrange(4..<8, with: [0, 0, 0, 0]) }
    try refused(.root) { $0[7] |= 0x7F }
    try refused(.unit) { map in
      let index = (1..<256).first { unit(map, $0) >> 31 == 0 && unit(map, $0) & 0xFF != 0 } ?? 0
      map[4 + 4 * index + 3] |= 0x7F
    }
    try refused(.leaf) { map in
      let index = (1..<256).first { unit(map, $0) >> 31 == 1 } ?? 0
      map[4 + 4 * index + 1] = 0xFF
    }
    try refused(.strings) { $0[$0.count - 1] = 0x61 }
    try refused(.strings) { $0 += [UInt8](repeating: 0x61, count: 1_025) + [0] }
  }
}

/// Nothing aborts: whatever bytes the tables have, making a tokenizer answers or throws, and so does
/// encoding.
@Suite struct HostileTablesTests {
  @Test(arguments: Model.allCases, 0..<4)
  func changedBytesNeverTrap(_ model: Model, _ seed: Int) throws {
    var random = SplitMix(state: UInt64(seed) * 1_000 + 1)
    let original = try Tables(model)
    var texts = Packed(try fixture("texts.bin"))
    let some = (0..<70).map { _ in texts.text() }.filter { $0.count < 300 }
    for _ in 0..<40 {
      var tables = original
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: random.change(&tables.pieces)
        case 1: random.change(&tables.offsets)
        case 2, 3: random.change(&tables.scores)
        case 4: random.change(&tables.types)
        default: random.change(&tables.map)
        }
      }
      do {
        try tables.withTokenizer(model.options) { tokenizer in
          for text in some { _ = try tokenizer.pieceIds(of: text) }
        }
      } catch is TextError {
        continue
      }
    }
  }
}

/// A small generator with a seed, so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func change(_ bytes: inout [UInt8]) {
    guard !bytes.isEmpty else { return }
    bytes[Int.random(in: 0..<bytes.count, using: &self)] = UInt8.random(in: 0...255, using: &self)
  }
}
