/// What a writer puts into the manifest beside tensors and banks.
public struct ManifestDraft: Sendable {
  public var signatures: [SignatureDraft] = []
  /// In the order in which signatures name them.
  public var imagePreprocessings: [ImagePreprocessing] = []
  /// In the order in which signatures name them.
  public var tokenizers: [TokenizerDraft] = []
  /// Length of the vectors of `image` and `text`; 0: the model gives none.
  public var embeddingSize = 0
  /// Natural logarithm of the similarity multiplier.
  public var logitScale: Float?
  public var metadata: [(key: String, value: String)] = []
  /// What a reader must know. Version 1.0 knows none.
  public var requiredFeatures: [String] = []

  public init() {}
}

/// A named entry of the model to be written.
public struct SignatureDraft: Sendable {
  public var name: String
  /// An ONNX ModelProto (formats/graph.md).
  public var model: [UInt8]
  public var modality: String
  /// One for each symbolic dim of the graph's inputs; max nil: no bound.
  public var dimensions: [(name: String, min: Int, max: Int?)] = []
  public var imagePreprocessing: Int?
  public var tokenizer: Int?

  public init(name: String, model: [UInt8], modality: String) {
    self.name = name
    self.model = model
    self.modality = modality
  }
}

/// A tokenizer to be written; ``TokenizerEntry`` says what the fields mean.
public struct TokenizerDraft: Sendable {
  public var kind: TokenizerEntry.Kind
  public var maxLength: Int
  public var eos: TokenizerEntry.EndOfText
  public var eosId: Int32?
  public var padId: Int32?
  public var lowerCase = false
  public var pieces = ""
  public var pieceOffsets = ""
  public var scores = ""
  public var pieceTypes = ""
  public var characterMap = ""
  public var unknownId: Int32 = 0
  public var addDummyPrefix = false
  public var removeExtraWhitespaces = false
  public var escapeWhitespaces = false
  public var treatWhitespaceAsSuffix = false
  public var byteFallback = false

  public init(kind: TokenizerEntry.Kind, maxLength: Int, eos: TokenizerEntry.EndOfText) {
    self.kind = kind
    self.maxLength = maxLength
    self.eos = eos
  }
}

/// A bank to be written; its experts follow one by one.
public struct BankDraft: Sendable {
  public var name: String
  /// Width of a token.
  public var inputSize: Int
  /// Width inside an expert.
  public var hiddenSize: Int
  public var outputSize: Int
  /// Three matrices (first, gate, second) instead of two.
  public var isGated: Bool

  public init(name: String, inputSize: Int, hiddenSize: Int, outputSize: Int, isGated: Bool = false) {
    self.name = name
    self.inputSize = inputSize
    self.hiddenSize = hiddenSize
    self.outputSize = outputSize
    self.isGated = isGated
  }
}
