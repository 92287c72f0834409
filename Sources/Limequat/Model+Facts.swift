package import LimequatBytes
internal import LimequatContainer
internal import LimequatGraph
internal import LimequatRuntime

/// What a model says of itself.
extension Model {
  /// Floats of an embedding; 0: the model gives none.
  public var embeddingSize: Int { runtime.container.embeddingSize }
  /// The natural logarithm of the similarity multiplier.
  public var logitScale: Float? { runtime.container.logitScale }
  /// In bytes.
  public var fileSize: Int { runtime.container.fileSize }
  /// Of the file's format.
  public var formatVersion: (major: Int, minor: Int) {
    (Int(runtime.container.version.major), Int(runtime.container.version.minor))
  }
  /// The threads that work on one call, the caller's among them.
  public var threads: Int { runtime.threads }
  /// The name of the kernel table in use.
  public var kernelsName: String { runtime.kernelsName.text }
  /// Ids that a text becomes, pads included; 0: the model has no tokenizer.
  public var tokenCount: Int { textTokenizerEntry?.maxLength ?? 0 }

  /// The model card that travels with the model: licence, source, known limits.
  public var metadata: [(key: String, value: String)] {
    (0..<metadataCount).compactMap { metadata(at: $0).map { ($0.key.text, $0.value.text) } }
  }

  /// The named entries, in ascending order of their names.
  public var signatures: [Signature] {
    (0..<signatureCount).compactMap { index in signature(at: index).map { Signature($0) } }
  }

  // What the C API needs without a String.

  package var kernelsNameBytes: Name { runtime.kernelsName }
  package var metadataCount: Int { runtime.container.metadataCount }
  package func metadata(at index: Int) -> (key: Name, value: Name)? { runtime.container.metadata(at: index) }
  package var signatureCount: Int { runtime.signatureCount }
  package func signatureIndex(_ name: Name) -> Int? { runtime.signatureIndex(name) }
  package func signature(at index: Int) -> SignatureFacts? {
    guard let entry = runtime.container.signature(at: index), let graph = runtime.graph(of: index) else {
      return nil
    }
    return SignatureFacts(entry: entry, graph: graph, container: runtime.container)
  }

  /// The tokenizer of the signature `text`, if it makes ids from texts.
  var textTokenizerEntry: TokenizerEntry? {
    runtime.signatureIndex(Model.textName).flatMap { signature(at: $0)?.tokenizer }
  }

  /// The signatures that embed.
  static var imageName: Name { Name("image") }
  static var textName: Name { Name("text") }
}
