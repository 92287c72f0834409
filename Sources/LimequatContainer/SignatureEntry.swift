internal import CLimequatSchema
public import LimequatBytes

/// A named entry of the model. Valid while its container lives.
public struct SignatureEntry: @unchecked Sendable {
  let message: UnsafePointer<Limequat__Signature>

  public var name: Name { Name(field: message.pointee.name) }
  /// An ONNX ModelProto (formats/graph.md).
  public var model: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: message.pointee.model.data, count: message.pointee.model.len)
  }
  /// What the signature takes: `image`, `text`, or any other word.
  public var modality: Name { Name(field: message.pointee.modality) }
  /// Index of the image preprocessing that makes its input.
  public var imagePreprocessing: Int? {
    guard
      message.pointee.image_preprocessing_or_none_case
        == LIMEQUAT__SIGNATURE__IMAGE_PREPROCESSING_OR_NONE_IMAGE_PREPROCESSING
    else { return nil }
    return Int(message.pointee.image_preprocessing)
  }
  /// Index of the tokenizer that makes its input.
  public var tokenizer: Int? {
    guard message.pointee.tokenizer_or_none_case == LIMEQUAT__SIGNATURE__TOKENIZER_OR_NONE_TOKENIZER
    else { return nil }
    return Int(message.pointee.tokenizer)
  }
  public var dimensionCount: Int { message.pointee.n_dimensions }
  public func dimension(at index: Int) -> DimensionEntry? {
    element(index, message.pointee.dimensions, message.pointee.n_dimensions).map {
      DimensionEntry(message: $0)
    }
  }
}

/// The bounds of a symbolic dim of a signature's inputs.
public struct DimensionEntry: @unchecked Sendable {
  let message: UnsafePointer<Limequat__Dimension>

  public var name: Name { Name(field: message.pointee.name) }
  public var min: Int { Int(truncatingIfNeeded: message.pointee.min) }  // C28: below 2^31
  /// Nil: no bound but the memory.
  public var max: Int? {
    message.pointee.max == 0 ? nil : Int(truncatingIfNeeded: message.pointee.max)  // C28: below 2^31
  }
}

/// The message at `index` of a repeated field.
func element<Message>(
  _ index: Int, _ messages: UnsafeMutablePointer<UnsafeMutablePointer<Message>?>?, _ count: Int
) -> UnsafePointer<Message>? {
  guard index >= 0, index < count, let messages else { return nil }
  return messages[index].map { UnsafePointer($0) }
}
