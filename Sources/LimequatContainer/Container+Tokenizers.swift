internal import CLimequatSchema
internal import LimequatBytes
internal import LimequatProtobuf
internal import LimequatTensor

/// C30 and C31: tokenizers and the tensors that they name.
extension Container {
  func checkTokenizers() throws(ContainerError) {
    let rules = ManifestRules(manifest: manifest.root)
    for index in 0..<tokenizerCount {
      guard let tokenizer = tokenizer(at: index) else { continue }
      try rules.checkMemory()
      func item() -> ContainerItem { .tokenizer(index) }
      let fields = tokenizer.message.pointee
      let kind = try rules.checkKnown(
        TokenizerEntry.Kind(rawValue: Int32(truncatingIfNeeded: fields.kind.rawValue)), "kind",
        fields.kind.rawValue, item)
      _ = try rules.checkKnown(
        TokenizerEntry.EndOfText(rawValue: Int32(truncatingIfNeeded: fields.eos.rawValue)), "eos",
        fields.eos.rawValue, item)
      let rule = ContainerRule.tokenizer
      try rules.checkRange(
        rule, "maximum length", UInt64(fields.max_length), 1, ContainerLimits.maximumLength, item)
      let largestId = ContainerLimits.tokenIds - 1
      // 0 where there is none.
      try rules.checkRange(
        rule, "eos id", UInt64(tokenizer.eosId == nil ? 0 : fields.eos_id), 0, largestId, item)
      try rules.checkRange(
        rule, "pad id", UInt64(tokenizer.padId == nil ? 0 : fields.pad_id), 0, largestId, item)
      guard tokenizer.eos == .none || tokenizer.eosId != nil else {
        throw .rule(rule, item(), .text("it appends an eos id, but has none"))
      }
      switch kind {
      case .idsOnly: try checkIdsOnly(tokenizer, item)
      case .sentencepieceUnigram: try checkUnigram(tokenizer, rules, item)
      }
    }
  }

  private func checkIdsOnly(
    _ tokenizer: TokenizerEntry, _ item: () -> ContainerItem
  ) throws(ContainerError) {
    let hasText =
      tokenizer.lowerCase || tokenizer.addDummyPrefix || tokenizer.removeExtraWhitespaces
      || tokenizer.escapeWhitespaces || tokenizer.treatWhitespaceAsSuffix || tokenizer.byteFallback
      || tokenizer.message.pointee.unknown_id != 0
    let hasTable =
      !tokenizer.pieces.isEmpty || !tokenizer.pieceOffsets.isEmpty || !tokenizer.scores.isEmpty
      || !tokenizer.pieceTypes.isEmpty || !tokenizer.characterMap.isEmpty
    guard !hasText, !hasTable else {
      throw .rule(.tokenizer, item(), .text("it takes ids only, but has fields for text"))
    }
  }

  private func checkUnigram(
    _ tokenizer: TokenizerEntry, _ rules: ManifestRules, _ item: () -> ContainerItem
  ) throws(ContainerError) {
    _ = try table(tokenizer.pieces, "pieces", .u8, item)
    let offsets = try table(tokenizer.pieceOffsets, "piece offsets", .i32, item)
    let scores = try table(tokenizer.scores, "scores", .f32, item)
    let types = try table(tokenizer.pieceTypes, "piece types", .u8, item)
    if !tokenizer.characterMap.isEmpty { _ = try table(tokenizer.characterMap, "character map", .u8, item) }
    // Tables have at least one element, so there is at least one piece.
    try rules.checkEqual(
      .tokenizerTable, "number of piece offsets", UInt64(offsets.shape[0]), scores.shape[0] + 1, item)
    try rules.checkEqual(
      .tokenizerTable, "number of piece types", UInt64(types.shape[0]), scores.shape[0], item)
    try rules.checkRange(
      .tokenizer, "unknown id", UInt64(tokenizer.message.pointee.unknown_id), 0,
      min(scores.shape[0], ContainerLimits.tokenIds) - 1, item)
  }

  private func table(
    _ name: Name, _ role: String, _ type: ElementType, _ item: () -> ContainerItem
  ) throws(ContainerError) -> TensorEntry {
    guard let index = tensorIndex(name), let tensor = tensor(at: index) else {
      throw .rule(.tokenizerTable, item(), .text("there is no tensor \(quoted(name.text)) for its \(role)"))
    }
    guard tensor.type == type, tensor.layout == .rows, tensor.shape.rank == 1 else {
      throw .rule(
        .tokenizerTable, item(),
        .text(
          "\(quoted(name.text)) is \(tensor.type) \(tensor.layout) \(tensor.shape), expected \(type) rows "
            + "with one dim"))
    }
    return tensor
  }
}
