internal import LimequatBytes

extension UnigramTables {
  /// Checks all tables but the character map; answers the lowest score of a normal piece.
  func check(_ options: TokenizerOptions) throws(TextError) -> Float {
    try checkSizes()
    guard offset(0) == 0 else { throw .pieceOffset(piece: 0, offset: offset(0), size: pieces.count) }
    guard offset(count) == pieces.count else {
      throw .pieceOffset(piece: count - 1, offset: offset(count), size: pieces.count)
    }
    var lowest = Float.greatestFiniteMagnitude
    var unknown: Int?
    for index in 0..<count {
      try checkPiece(index, options)
      let score = score(index)
      guard score.isFinite else { throw .score(piece: index) }
      switch type(index) {
      case PieceType.normal: lowest = min(lowest, score)
      case PieceType.unknown:
        guard unknown == nil, index == Int(options.unknownId) else {
          throw .unknownPiece(id: Int(options.unknownId))
        }
        unknown = index
      case PieceType.byte:
        guard options.byteFallback else { throw .pieceType(piece: index, type: PieceType.byte) }
      case PieceType.control, PieceType.userDefined, PieceType.unused: break
      case let other: throw .pieceType(piece: index, type: other)
      }
    }
    // With byte fallback nothing is unknown, and a model may do without.
    guard unknown != nil || options.byteFallback else {
      throw .unknownPiece(id: Int(options.unknownId))
    }
    return lowest
  }

  private func checkPiece(_ index: Int, _ options: TokenizerOptions) throws(TextError) {
    let piece = try piece(index)
    guard 1...Self.longestPiece ~= piece.count else {
      throw .pieceLength(piece: index, bytes: piece.count)
    }
    guard UTF8Character.isText(piece) else { throw .pieceText(piece: index) }
    // Converters of other models write the byte 0 as a piece of its own; as an unused one it does no harm.
    let isZero = piece.count == 1 && piece[0] == 0
    if isZero, type(index) == PieceType.unused { return }
    for byte in piece where byte == 0 { throw .pieceText(piece: index) }
  }
}

/// The ids of the byte pieces, <0x00> to <0xFF>.
struct ByteIds: ~Copyable {
  private let ids: Buffer

  init(_ tables: UnigramTables) throws(TextError) {
    let buffer = try allocate(256 * MemoryLayout<Int32>.stride)
    let table = buffer.start.bindMemory(to: Int32.self, capacity: 256)
    table.initialize(repeating: -1, count: 256)
    for index in 0..<tables.count where tables.type(index) == PieceType.byte {
      guard let byte = Self.byte(try tables.piece(index)), table[byte] < 0 else {
        throw .bytePiece(piece: index)
      }
      table[byte] = Int32(truncatingIfNeeded: index)  // at most 2^24
    }
    for byte in 0..<256 where table[byte] < 0 { throw .bytePiece(piece: tables.count) }
    ids = buffer
  }

  func id(_ byte: UInt8) -> Int32 { ids.start.assumingMemoryBound(to: Int32.self)[Int(byte)] }

  /// The byte that <0xHH> names, with digits 0-9 and A-F.
  private static func byte(_ piece: UnsafeRawBufferPointer) -> Int? {
    guard piece.count == 6, piece[0] == UInt8(ascii: "<"), piece[1] == UInt8(ascii: "0") else { return nil }
    guard piece[2] == UInt8(ascii: "x"), piece[5] == UInt8(ascii: ">") else { return nil }
    guard let high = digit(piece[3]), let low = digit(piece[4]) else { return nil }
    return high * 16 + low
  }

  private static func digit(_ byte: UInt8) -> Int? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte) - 0x30
    case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte) - 0x41 + 10
    default: nil
    }
  }
}
