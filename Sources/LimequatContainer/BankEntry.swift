internal import CLimequatSchema
public import LimequatBytes
public import LimequatTensor

/// The experts of one MoE layer. Valid while its container lives.
public struct BankEntry: @unchecked Sendable {
  let message: UnsafePointer<Limequat__Bank>

  public var name: Name { Name(field: message.pointee.name) }
  /// Width of a token.
  public var inputSize: Int { Int(message.pointee.input_size) }
  /// Width inside an expert.
  public var hiddenSize: Int { Int(message.pointee.hidden_size) }
  public var outputSize: Int { Int(message.pointee.output_size) }
  /// Three matrices (first, gate, second) instead of two (first, second).
  public var isGated: Bool { message.pointee.gated != 0 }
  public var expertCount: Int { message.pointee.n_experts }

  public func expert(at index: Int) -> ExpertEntry? {
    element(index, message.pointee.experts, message.pointee.n_experts).map { ExpertEntry(message: $0) }
  }

  /// Where the parts of a block of this encoding lie; nil for a type that no expert has.
  public func block(encoding: ElementType) -> ExpertBlock? {
    ExpertBlock(
      inputSize: inputSize, hiddenSize: hiddenSize, outputSize: outputSize, isGated: isGated,
      encoding: encoding)
  }
}

/// One expert of a bank. Valid while its container lives.
public struct ExpertEntry: @unchecked Sendable {
  let message: UnsafePointer<Limequat__Expert>

  /// Of its matrices; nil: the expert is absent (pruned).
  public var encoding: ElementType? { ElementType(wire: message.pointee.encoding) }
  /// From the start of the file; a multiple of 4096.
  public var offset: Int { Int(truncatingIfNeeded: message.pointee.offset) }  // C19: inside the file
  public var size: Int { Int(truncatingIfNeeded: message.pointee.size) }  // C19: inside the file
  public var crc32c: UInt32 { message.pointee.crc32c }

  /// Modalities whose usage is known.
  public var usageCount: Int { message.pointee.n_usage }
  /// The share of the modality's dispatched tokens that this expert got, 0 to 1.
  public func usage(at index: Int) -> (modality: Name, share: Float)? {
    element(index, message.pointee.usage, message.pointee.n_usage).map {
      (Name(field: $0.pointee.modality), $0.pointee.share)
    }
  }
}
