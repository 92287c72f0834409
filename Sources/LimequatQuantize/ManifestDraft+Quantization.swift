internal import LimequatBytes
internal import LimequatContainer

extension ManifestDraft {
  /// What a quantised model takes over from its source: everything but tensors and banks
  /// (there are no required features that this version knows). The metadata tell
  /// what was done, under the key `quantization`.
  init(of container: Container, quantizedBy options: QuantizationOptions) {
    self.init()
    for index in 0..<container.signatureCount {
      if let signature = container.signature(at: index) { signatures.append(SignatureDraft(signature)) }
    }
    for index in 0..<container.imagePreprocessingCount {
      if let entry = container.imagePreprocessing(at: index) { imagePreprocessings.append(entry) }
    }
    for index in 0..<container.tokenizerCount {
      if let tokenizer = container.tokenizer(at: index) { tokenizers.append(TokenizerDraft(tokenizer)) }
    }
    embeddingSize = container.embeddingSize
    logitScale = container.logitScale
    var done = "experts \(options.experts.rawValue), dense \(options.dense.rawValue)"
    for index in 0..<container.metadataCount {
      guard let (key, value) = container.metadata(at: index) else { continue }
      if key == Name("quantization") {
        done = "\(value.text); \(done)"
      } else {
        metadata.append((key.text, value.text))
      }
    }
    metadata.append(("quantization", done))
  }
}

extension SignatureDraft {
  fileprivate init(_ entry: SignatureEntry) {
    self.init(name: entry.name.text, model: Array(entry.model), modality: entry.modality.text)
    for index in 0..<entry.dimensionCount {
      if let dimension = entry.dimension(at: index) {
        dimensions.append((dimension.name.text, dimension.min, dimension.max))
      }
    }
    imagePreprocessing = entry.imagePreprocessing
    tokenizer = entry.tokenizer
  }
}

extension TokenizerDraft {
  fileprivate init(_ entry: TokenizerEntry) {
    self.init(kind: entry.kind, maxLength: entry.maxLength, eos: entry.eos)
    eosId = entry.eosId
    padId = entry.padId
    lowerCase = entry.lowerCase
    pieces = entry.pieces.text
    pieceOffsets = entry.pieceOffsets.text
    scores = entry.scores.text
    pieceTypes = entry.pieceTypes.text
    characterMap = entry.characterMap.text
    unknownId = entry.unknownId
    addDummyPrefix = entry.addDummyPrefix
    removeExtraWhitespaces = entry.removeExtraWhitespaces
    escapeWhitespaces = entry.escapeWhitespaces
    treatWhitespaceAsSuffix = entry.treatWhitespaceAsSuffix
    byteFallback = entry.byteFallback
  }
}
