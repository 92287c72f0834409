internal import LimequatBytes
internal import LimequatTensor

/// A named entry of a model, such as `image`, `text` or `logits`.
public struct Signature: Sendable {
  public let name: String
  /// `image`, `text` or another word.
  public let modality: String
  public let inputs: [TensorDescription]
  public let outputs: [TensorDescription]
  /// Of the image that preprocessing makes, in pixels; nil: the signature takes no pixels.
  public let imageSize: (height: Int, width: Int)?
  /// The signature takes texts.
  public let hasTokenizer: Bool

  init(_ facts: SignatureFacts) {
    name = facts.name.text
    modality = facts.modality.text
    inputs = (0..<facts.inputCount).compactMap { facts.input(at: $0).map { TensorDescription($0) } }
    outputs = (0..<facts.outputCount).compactMap { facts.output(at: $0).map { TensorDescription($0) } }
    imageSize = facts.imageSize
    hasTokenizer = facts.hasTokenizer
  }
}

/// An input or an output as a model declares it.
public struct TensorDescription: Sendable {
  public let name: String
  /// `f32`, `i32`, `i64`, `u8` or `bool`.
  public let type: String
  /// Nil: free, the caller's choice in each call.
  public let dims: [Int?]
  /// An input that is found from the others when it is left out.
  public let isOptional: Bool

  init(_ facts: TensorFacts) {
    name = facts.name.text
    type = facts.type.description
    dims = (0..<facts.rank).map { facts.dim(at: $0) }
    isOptional = facts.isOptional
  }
}
