import LimequatBytes
import LimequatContainer

/// What a reader found, in the form of formats/README.md, "Dumps".
func dump(_ container: Container) throws -> String {
  var lines: [String] = []
  let version = container.version
  lines.append("lmq \(version.major).\(version.minor)")
  lines.append("file_size \(container.fileSize)")
  let range = container.manifestRange
  let manifest = UnsafeMutableRawBufferPointer.allocate(byteCount: range.count, alignment: 1)
  defer { manifest.deallocate() }
  try container.read(offset: range.lowerBound, into: manifest)
  let crc = CRC32C.of(UnsafeRawBufferPointer(manifest))
  lines.append("manifest \(range.lowerBound) \(range.count) \(hex(crc))")
  for index in 0..<container.signatureCount {
    guard let signature = container.signature(at: index) else { continue }
    lines.append(
      "signature \(quote(signature.name)) modality \(quote(signature.modality)) "
        + "model \(signature.model.count) \(hex(CRC32C.of(signature.model))) "
        + "image_preprocessing \(orNone(signature.imagePreprocessing)) "
        + "tokenizer \(orNone(signature.tokenizer))")
    for index in 0..<signature.dimensionCount {
      guard let dimension = signature.dimension(at: index) else { continue }
      lines.append("dimension \(quote(dimension.name)) \(dimension.min) \(orNone(dimension.max))")
    }
  }
  for index in 0..<container.tensorCount {
    guard let tensor = container.tensor(at: index) else { continue }
    lines.append(
      "tensor \(quote(tensor.name)) \(tensor.type) \(tensor.layout) \(tensor.shape) "
        + "offset \(tensor.offset) size \(tensor.size) crc32c \(hex(tensor.crc32c))")
  }
  for index in 0..<container.bankCount {
    guard let bank = container.bank(at: index) else { continue }
    lines.append(
      "bank \(quote(bank.name)) \(bank.inputSize) \(bank.hiddenSize) \(bank.outputSize) "
        + "\(bank.isGated ? "gated" : "plain") experts \(bank.expertCount)")
    for index in 0..<bank.expertCount {
      guard let expert = bank.expert(at: index) else { continue }
      guard let encoding = expert.encoding else {
        lines.append("expert \(index) absent")
        continue
      }
      lines.append(
        "expert \(index) \(encoding) offset \(expert.offset) size \(expert.size) "
          + "crc32c \(hex(expert.crc32c))")
      for index in 0..<expert.usageCount {
        guard let usage = expert.usage(at: index) else { continue }
        lines.append("usage \(quote(usage.modality)) \(bits(usage.share))")
      }
    }
  }
  lines += (0..<container.imagePreprocessingCount).compactMap {
    container.imagePreprocessing(at: $0).map(line)
  }
  lines += (0..<container.tokenizerCount).compactMap { container.tokenizer(at: $0).map(line) }
  lines.append("embedding_size \(container.embeddingSize)")
  lines.append("logit_scale \(container.logitScale.map(bits) ?? "none")")
  for index in 0..<container.metadataCount {
    guard let entry = container.metadata(at: index) else { continue }
    lines.append("metadata \(quote(entry.key)) \(quote(entry.value))")
  }
  return lines.joined(separator: "\n") + "\n"
}

private func line(_ preprocessing: ImagePreprocessing) -> String {
  let resize = preprocessing.resize == .squash ? "squash" : "shortest_side"
  let interpolation =
    switch preprocessing.interpolation {
    case .bilinearAntialias: "bilinear_antialias"
    case .bicubic: "bicubic"
    case .bilinear: "bilinear"
    case .area: "area"
    }
  func channels(_ channels: ImagePreprocessing.Channels?) -> String {
    channels.map { "\(bits($0.red)) \(bits($0.green)) \(bits($0.blue))" } ?? "none"
  }
  return "image_preprocessing \(preprocessing.height) \(preprocessing.width) \(resize) "
    + "\(preprocessing.size) \(interpolation) "
    + "low \(bits(preprocessing.low)) high \(bits(preprocessing.high)) "
    + "mean \(channels(preprocessing.mean)) std \(channels(preprocessing.std))"
}

private func line(_ tokenizer: TokenizerEntry) -> String {
  let kind = tokenizer.kind == .idsOnly ? "ids_only" : "sentencepiece_unigram"
  let eos =
    switch tokenizer.eos {
    case .none: "none"
    case .yes: "yes"
    case .sticky: "sticky"
    }
  let flags = [
    tokenizer.addDummyPrefix, tokenizer.removeExtraWhitespaces, tokenizer.escapeWhitespaces,
    tokenizer.treatWhitespaceAsSuffix, tokenizer.byteFallback,
  ]
  return "tokenizer \(kind) \(tokenizer.maxLength) \(eos) eos \(orNone(tokenizer.eosId.map { Int($0) })) "
    + "pad \(orNone(tokenizer.padId.map { Int($0) })) lower_case \(tokenizer.lowerCase ? 1 : 0) "
    + "pieces \(quote(tokenizer.pieces)) piece_offsets \(quote(tokenizer.pieceOffsets)) "
    + "scores \(quote(tokenizer.scores)) piece_types \(quote(tokenizer.pieceTypes)) "
    + "character_map \(quote(tokenizer.characterMap)) unknown \(tokenizer.unknownId) flags"
    + flags.map { $0 ? " 1" : " 0" }.joined()
}

private func hex(_ value: UInt32) -> String {
  let digits = String(value, radix: 16)
  return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
}

private func bits(_ value: Float) -> String { hex(value.bitPattern) }
private func orNone(_ value: Int?) -> String { value.map { "\($0)" } ?? "none" }

private func quote(_ name: Name) -> String {
  var text: [UInt8] = []
  for byte in name.bytes {
    if byte < 32 || byte == 127 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
      let digits = String(byte, radix: 16)
      text += Array("\\x\(digits.count == 1 ? "0" : "")\(digits)".utf8)
    } else {
      text.append(byte)
    }
  }
  return "\"" + String(decoding: text, as: UTF8.self) + "\""
}
