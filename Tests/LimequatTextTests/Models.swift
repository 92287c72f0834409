import Foundation
import LimequatBytes
import LimequatTestSupport
import LimequatText

/// The bytes of a file among the fixtures, at an address that stays.
func fixture(_ name: String) throws -> [UInt8] {
  let path = packageRoot + "/Tests/LimequatTextTests/Fixtures/" + name
  return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
}

/// The models of Fixtures/make.py.
enum Model: String, CaseIterable, Sendable {
  /// SentencePiece's defaults, with its nmt_nfkc map.
  case plain
  /// A small map of its own, byte fallback, user-defined and control pieces.
  case custom
  /// No map, white space as suffix, other special ids.
  case suffix
  /// No map, white space kept, unused pieces, ties of scores.
  case spaces
  /// Like `spaces`, but with real spaces in the pieces.
  case bare

  var options: TokenizerOptions {
    var options = TokenizerOptions(maxLength: 16, eos: .sticky, eosId: 1, padId: 1)
    switch self {
    case .plain: break
    case .custom: options.byteFallback = true
    case .suffix:
      options.treatWhitespaceAsSuffix = true
      options.unknownId = 3
    case .spaces:
      options.removeExtraWhitespaces = false
      options.addDummyPrefix = false
    case .bare: options.escapeWhitespaces = false
    }
    return options
  }
}

/// The tables of a model, free to be changed before a tokenizer is made of them.
struct Tables {
  var pieces: [UInt8]
  var offsets: [UInt8]
  var scores: [UInt8]
  var types: [UInt8]
  var map: [UInt8]

  init(_ model: Model) throws {
    pieces = try fixture("\(model.rawValue)/pieces.bin")
    offsets = try fixture("\(model.rawValue)/offsets.bin")
    scores = try fixture("\(model.rawValue)/scores.bin")
    types = try fixture("\(model.rawValue)/types.bin")
    map = try fixture("\(model.rawValue)/map.bin")
  }

  /// A model of a few pieces.
  init(_ list: [(piece: String, score: Float, type: UInt8)]) {
    (pieces, offsets, scores, types, map) = ([], [0, 0, 0, 0], [], [], [])
    for (piece, score, type) in list {
      pieces += piece.utf8
      withUnsafeBytes(of: Int32(pieces.count)) { offsets += $0 }
      withUnsafeBytes(of: score) { scores += $0 }
      types.append(type)
    }
  }

  /// The ids of a text.
  func ids(_ options: TokenizerOptions, _ text: [UInt8]) throws -> [Int32] {
    try withTokenizer(options) { try $0.pieceIds(of: text) }
  }

  func withTokenizer<R>(_ options: TokenizerOptions, _ body: (UnigramTokenizer) throws -> R) throws -> R {
    try pieces.withUnsafeBytes { pieces in
      try offsets.withUnsafeBytes { offsets in
        try scores.withUnsafeBytes { scores in
          try types.withUnsafeBytes { types in
            try map.withUnsafeBytes { map in
              let tables = UnigramTables(
                pieces: pieces, offsets: offsets, scores: scores, types: types, characterMap: map)
              return try body(try UnigramTokenizer.make(tables: tables, options: options))
            }
          }
        }
      }
    }
  }
}

extension UnigramTokenizer {
  func pieceIds(of text: [UInt8]) throws -> [Int32] {
    try text.withUnsafeBytes { bytes in
      let table = try pieceIds(bytes)
      return table.withElements { [Int32]($0) }
    }
  }

  func row(of text: String) throws -> (ids: [Int32], length: Int) {
    var ids = [Int32](repeating: -7, count: options.maxLength)
    let length = try [UInt8](text.utf8).withUnsafeBytes { text in
      try ids.withUnsafeMutableBufferPointer { try encode(text, into: $0) }
    }
    return (ids, length)
  }
}

/// Reads what make.py packs.
struct Packed {
  private let bytes: [UInt8]
  private var at = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { at >= bytes.count }

  mutating func number() -> Int32 {
    defer { at += 4 }
    return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: at, as: Int32.self) }
  }

  mutating func text() -> [UInt8] {
    let count = Int(number())
    defer { at += count }
    return [UInt8](bytes[at..<at + count])
  }

  mutating func ids() -> [Int32] {
    let count = Int(number())
    return (0..<count).map { _ in number() }
  }
}
