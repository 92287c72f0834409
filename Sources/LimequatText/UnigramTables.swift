/// The tables of a SentencePiece UNIGRAM model: views into a mapped model file or into Buffers. Borrows
/// them; the owner keeps them alive and unchanged for as long as the tokenizer lives.
public struct UnigramTables: @unchecked Sendable {
  /// u8: the pieces one after the other.
  public let pieces: UnsafeRawBufferPointer
  /// i32, little-endian: where each piece begins, and the end of the last.
  public let offsets: UnsafeRawBufferPointer
  /// f32, little-endian: one for each piece.
  public let scores: UnsafeRawBufferPointer
  /// u8: SentencePiece's types, one for each piece.
  public let types: UnsafeRawBufferPointer
  /// SentencePiece's precompiled_charsmap; empty for none.
  public let characterMap: UnsafeRawBufferPointer

  public init(
    pieces: UnsafeRawBufferPointer, offsets: UnsafeRawBufferPointer, scores: UnsafeRawBufferPointer,
    types: UnsafeRawBufferPointer, characterMap: UnsafeRawBufferPointer
  ) {
    self.pieces = pieces
    self.offsets = offsets
    self.scores = scores
    self.types = types
    self.characterMap = characterMap
  }

  /// The most pieces.
  public static let mostPieces = 1 << 24
  /// Of a piece, in bytes; SentencePiece's own bound.
  public static let longestPiece = 7_999

  public var count: Int { types.count }

  func checkSizes() throws(TextError) {
    guard 1...Self.mostPieces ~= count else { throw .pieceCount(count) }
    guard offsets.count == 4 * (count + 1) else {
      throw .tableSize(.offsets, bytes: offsets.count, expected: 4 * (count + 1))
    }
    guard scores.count == 4 * count else {
      throw .tableSize(.scores, bytes: scores.count, expected: 4 * count)
    }
  }

  // What follows is called with 0..<count only, after checkSizes.

  /// The bytes of a piece, or an error if its offsets are wrong. Looks at the offsets each time, because a
  /// mapped file can change.
  func piece(_ index: Int) throws(TextError) -> UnsafeRawBufferPointer {
    let start = offset(index)
    let end = offset(index + 1)
    guard 0...pieces.count ~= start else {
      throw .pieceOffset(piece: index, offset: start, size: pieces.count)
    }
    guard start...pieces.count ~= end else {
      throw .pieceOffset(piece: index, offset: end, size: pieces.count)
    }
    return UnsafeRawBufferPointer(rebasing: pieces[start..<end])
  }

  func offset(_ index: Int) -> Int {
    Int(offsets.loadUnaligned(fromByteOffset: 4 * index, as: Int32.self))
  }
  func score(_ index: Int) -> Float { scores.loadUnaligned(fromByteOffset: 4 * index, as: Float.self) }
  func type(_ index: Int) -> UInt8 { types[index] }
}

/// SentencePiece's types of pieces, as numbers of its format.
enum PieceType {
  static let normal: UInt8 = 1
  static let unknown: UInt8 = 2
  static let control: UInt8 = 3
  static let userDefined: UInt8 = 4
  static let unused: UInt8 = 5
  static let byte: UInt8 = 6
}
