internal import LimequatCheckpoint
internal import LimequatContainer
public import LimequatTensor

/// What a conversion will write, for a look before it is done.
public struct ConversionPlan: Sendable {
  public let architecture: Architecture
  /// The folder that is read.
  public let source: String
  let draft: ModelDraft

  /// One tensor of the output.
  public struct Tensor: Sendable {
    public let name: String
    /// The tensor it comes from and that one's type, nil for tables the converter makes.
    public let source: String?
    public let type: ElementType
    public let layout: Layout
    public let shape: Shape
    public let bytes: Int
  }

  /// One expert bank of the output.
  public struct Bank: Sendable {
    public let name: String
    public let sources: [String]
    public let experts: Int
    public let encoding: ElementType
    public let inputSize: Int
    public let hiddenSize: Int
    public let outputSize: Int
    /// Of one expert's block.
    public let blockBytes: Int
    public var bytes: Int { blockBytes * experts }
  }

  public var signatures: [String] { draft.manifest.signatures.map(\.name) }
  public var embeddingSize: Int { draft.manifest.embeddingSize }

  public var tensors: [Tensor] {
    draft.parts.compactMap { part in
      guard case .tensor(let tensor) = part else { return nil }
      var source: String?
      if case .tensor(let index) = tensor.source { source = describe(index) }
      return Tensor(
        name: tensor.name, source: source, type: tensor.type, layout: tensor.layout, shape: tensor.shape,
        bytes: tensor.bytes)
    }
  }

  public var banks: [Bank] {
    draft.parts.compactMap { part in
      guard case .bank(let bank) = part else { return nil }
      return Bank(
        name: bank.bank.name,
        sources: [bank.first.kernel, bank.first.bias, bank.second.kernel, bank.second.bias].map(describe),
        experts: bank.experts, encoding: bank.encoding, inputSize: bank.bank.inputSize,
        hiddenSize: bank.bank.hiddenSize, outputSize: bank.bank.outputSize, blockBytes: bank.blockSize)
    }
  }

  /// Bytes of all tensors and experts; the file has some padding and the manifest besides.
  public var totalBytes: Int {
    tensors.reduce(0) { $0 + $1.bytes } + banks.reduce(0) { $0 + $1.bytes }
  }

  private func describe(_ index: Int) -> String {
    let tensor = draft.checkpoint.tensors[index]
    return "\(tensor.name) \(tensor.type.rawValue) \(tensor.shape)"
  }
}

extension ConversionPlan: CustomStringConvertible {
  /// Some lines for people.
  public var description: String {
    var lines = [
      "\(source): \(architecture.rawValue)", "signatures: \(signatures.joined(separator: ", "))",
    ]
    if embeddingSize > 0 { lines.append("embedding size: \(embeddingSize)") }
    for tensor in tensors {
      lines.append(
        "tensor \(tensor.name): \(tensor.type) \(tensor.layout) \(tensor.shape), \(tensor.bytes) bytes, from "
          + (tensor.source ?? "the tokenizer"))
    }
    for bank in banks {
      lines.append(
        "bank \(bank.name): \(bank.experts) experts \(bank.inputSize) x \(bank.hiddenSize) x "
          + "\(bank.outputSize), \(bank.encoding), \(bank.bytes) bytes")
      for source in bank.sources { lines.append("  from \(source)") }
    }
    let dense = tensors.reduce(0) { $0 + $1.bytes }
    lines.append("total: \(totalBytes) bytes, \(dense) of them outside the banks")
    return lines.joined(separator: "\n")
  }
}
