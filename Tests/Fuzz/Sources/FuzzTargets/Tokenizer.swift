internal import LimequatBytes
internal import LimequatText

/// The tables as a container holds them, and a text for them. An input is a byte of options, five sizes (u32,
/// little-endian: pieces, offsets, scores, types, character map), the tables, and the text: the rest.
func fuzzTokenizer(_ bytes: UnsafeRawBufferPointer) {
  guard bytes.count >= 21 else { return }
  var options = TokenizerOptions(maxLength: 16, eos: .sticky, eosId: 1, padId: 0)
  let flags = bytes[0]
  options.lowerCase = flags & 1 != 0
  options.addDummyPrefix = flags & 2 == 0
  options.removeExtraWhitespaces = flags & 4 == 0
  options.escapeWhitespaces = flags & 8 == 0
  options.treatWhitespaceAsSuffix = flags & 16 != 0
  options.byteFallback = flags & 32 != 0
  options.unknownId = Int32(flags >> 6)
  var at = 21
  func table(_ index: Int) -> AlignedCopy {
    let size = Int(bytes.loadUnaligned(fromByteOffset: 1 + 4 * index, as: UInt32.self).littleEndian)
    let end = min(at + size, bytes.count)
    defer { at = end }
    return AlignedCopy(bytes[at..<end])
  }
  let (pieces, offsets, scores, types, map) = (table(0), table(1), table(2), table(3), table(4))
  let text = AlignedCopy(bytes[at...])
  let tables = UnigramTables(
    pieces: pieces.bytes, offsets: offsets.bytes, scores: scores.bytes, types: types.bytes,
    characterMap: map.bytes)
  do throws(TextError) {
    let tokenizer = try UnigramTokenizer.make(tables: tables, options: options)
    let ids = try tokenizer.pieceIds(text.bytes)
    var row = [Int32](repeating: 0, count: options.maxLength)
    let fault: TextError? = row.withUnsafeMutableBufferPointer { row in
      do throws(TextError) {
        _ = try tokenizer.encode(text.bytes, into: row)
        return nil
      } catch { return error }
    }
    if let fault { throw fault }
    for index in 0..<ids.count where !(0..<tables.count).contains(Int(ids[index] ?? -1)) {
      fatalError("id \(ids[index] ?? -1) of \(tables.count) pieces")
    }
  } catch {
    _ = error.description
  }
}

/// A copy that begins at a multiple of 64 and ends where its memory ends, so that a sanitizer sees reads
/// beyond.
final class AlignedCopy {
  let bytes: UnsafeRawBufferPointer

  init(_ source: Slice<UnsafeRawBufferPointer>) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: source.count, alignment: 64)
    copy.copyBytes(from: source)
    bytes = UnsafeRawBufferPointer(copy)
  }

  deinit { bytes.deallocate() }
}
