internal import LimequatBytes
internal import LimequatTensor

/// Rules C33 to C39, which look at every byte.
extension Container {
  /// Checks every checksum, every gap and the content of every tensor and block, in the order of the file,
  /// through a buffer of fixed size. Opening has checked the rules before C33.
  public func verify() throws(ContainerError) {
    let extents = try sortedExtents()
    var end = 0
    for index in 0..<extents.count {
      guard let extent = extents[index] else { continue }
      try withBytes { () throws(BytesError) in try Memory.check() }
      try verifyGap(end, extent.offset)
      end = max(end, extent.end)
      switch extent.owner {
      case .header, .manifest: break
      case .tensor(let tensor): try verifyTensor(tensor, extent)
      case .expert(let bank, let expert): try verifyExpert(bank, expert, extent)
      }
    }
    try verifyGap(end, fileSize)
    for index in 0..<tokenizerCount { try verifyTokenizer(index) }
  }

  // C35
  private func verifyGap(_ start: Int, _ end: Int) throws(ContainerError) {
    guard start < end else { return }
    var reader = try ExtentReader(source, offset: start, end: end)
    while reader.remaining > 0 {
      let offset = reader.offset
      let bytes = try reader.take(min(reader.remaining, ExtentReader.largestTake))
      for index in bytes.indices where bytes[index] != 0 {
        throw .rule(.gapBytes, .gap, .notZero(offset: offset + index, found: bytes[index]))
      }
    }
  }

  private func verifyTensor(_ index: Int, _ extent: Extent) throws(ContainerError) {
    guard let tensor = tensor(at: index) else { return }
    try verify(extent, tensor.crc32c, .tensorChecksum) { (rules, reader) throws(ContainerError) in
      try rules.checkTensor(tensor, &reader)
    }
  }

  private func verifyExpert(_ bank: Int, _ index: Int, _ extent: Extent) throws(ContainerError) {
    guard let expert = expert(bank: bank, index: index), let encoding = expert.encoding,
      let block = self.bank(at: bank)?.block(encoding: encoding)
    else { return }
    try verify(extent, expert.crc32c, .expertChecksum) { (rules, reader) throws(ContainerError) in
      try rules.checkBlock(block, at: extent.offset, &reader)
    }
  }

  /// A wrong checksum is told before what is wrong with the content: it says that the bytes are not those
  /// that were written.
  private func verify(
    _ extent: Extent, _ stored: UInt32, _ rule: ContainerRule,
    _ body: (ContentRules, inout ExtentReader) throws(ContainerError) -> Void
  ) throws(ContainerError) {
    var reader = try ExtentReader(source, offset: extent.offset, end: extent.end)
    var fault: ContainerError?
    do throws(ContainerError) {
      try body(ContentRules(source: source, item: item(extent.owner)), &reader)
    } catch { fault = error }
    try reader.drain()
    guard reader.checksum == stored else {
      throw .rule(
        rule, item(extent.owner), .checksum(stored: stored, computed: reader.checksum, offset: extent.offset))
    }
    if let fault { throw fault }
  }

  // C39
  private func verifyTokenizer(_ index: Int) throws(ContainerError) {
    guard let tokenizer = tokenizer(at: index), tokenizer.kind == .sentencepieceUnigram,
      let pieces = table(tokenizer.pieces), let offsets = table(tokenizer.pieceOffsets),
      let types = table(tokenizer.pieceTypes)
    else { return }
    func fail(_ text: String, _ offset: Int) throws(ContainerError) -> Never {
      throw .rule(.tokenizerContent, .tokenizer(index), .content(text, offset: offset))
    }
    var reader = try ExtentReader(source, offset: offsets.offset, end: offsets.offset + offsets.size)
    var previous: Int32 = -1
    while reader.remaining > 0 {
      let value = try reader.take(4).loadUnaligned(as: Int32.self)
      let isFirst = previous < 0
      guard isFirst ? value == 0 : value > previous else {
        try fail("a piece begins at \(value), after one that begins at \(previous)", reader.offset - 4)
      }
      previous = value
    }
    guard Int(previous) == pieces.size else {
      try fail("the last piece ends at \(previous), the pieces at \(pieces.size)", reader.offset - 4)
    }
    reader = try ExtentReader(source, offset: types.offset, end: types.offset + types.size)
    var piece = 0
    while reader.remaining > 0 {
      let type = try reader.take(1)[0]
      guard type >= 1, type <= 6 else { try fail("a piece has type \(type)", reader.offset - 1) }
      if piece == Int(tokenizer.unknownId), type != 2 {
        try fail("the unknown piece has type \(type), expected 2", reader.offset - 1)
      }
      piece += 1
    }
  }

  private func table(_ name: Name) -> TensorEntry? { tensorIndex(name).flatMap { tensor(at: $0) } }
}
