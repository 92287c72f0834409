internal import LimequatBytes
internal import LimequatContainer
internal import LimequatGraph
internal import LimequatTensor

/// What is in a container, as `limequat inspect` shows it. `--json` has the same fields in snake case.
struct Inspection: Encodable {
  struct Port: Encodable {
    let name: String
    let type: String
    let dims: [Dim]
  }

  /// A number, or the name of a symbolic dim.
  enum Dim: Encodable, CustomStringConvertible {
    case fixed(Int)
    case symbolic(String)

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .fixed(let size): try container.encode(size)
      case .symbolic(let name): try container.encode(name)
      }
    }

    var description: String {
      switch self {
      case .fixed(let size): "\(size)"
      case .symbolic(let name): name
      }
    }
  }

  struct Signature: Encodable {
    let name: String
    let modality: String
    let inputs: [Port]
    let outputs: [Port]
    /// Operator name to how often it stands in the graph.
    let operators: [String: Int]
  }

  struct Bank: Encodable {
    let name: String
    let experts: Int
    /// The sum of its blocks.
    let bytes: Int
    /// One encoding, or several joined by `+` in the order of their numbers.
    let encoding: String
    let absent: Int
    let inputSize: Int
    let hiddenSize: Int
    let outputSize: Int
  }

  struct Tensor: Encodable {
    let name: String
    let type: String
    let layout: String
    let dims: [Int]
    let bytes: Int
  }

  let formatVersion: String
  let fileBytes: Int
  let embeddingSize: Int
  let logitScale: Float?
  let signatures: [Signature]
  /// All tensors outside banks.
  let denseBytes: Int
  let banks: [Bank]
  let tensors: [Tensor]
  let tokenizers: [String]
  let imagePreprocessings: [String]
  let metadata: [String: String]
}

extension Inspection {
  init(_ container: Container, path: String) throws(Fault) {
    formatVersion = "\(container.version.major).\(container.version.minor)"
    fileBytes = container.fileSize
    embeddingSize = container.embeddingSize
    logitScale = container.logitScale
    var signatures: [Signature] = []
    for index in 0..<container.signatureCount {
      if let entry = container.signature(at: index) { signatures.append(try Signature(entry, path: path)) }
    }
    self.signatures = signatures
    banks = (0..<container.bankCount).compactMap { container.bank(at: $0) }.map { Bank($0) }
    tensors = (0..<container.tensorCount).compactMap { container.tensor(at: $0) }.map { Tensor($0) }
    denseBytes = tensors.reduce(0) { $0 + $1.bytes }
    tokenizers = (0..<container.tokenizerCount).compactMap { container.tokenizer(at: $0) }.map {
      "\($0.kind), \($0.maxLength) ids"
    }
    imagePreprocessings = (0..<container.imagePreprocessingCount).compactMap {
      container.imagePreprocessing(at: $0)
    }.map { "\($0.resize) to \($0.width) x \($0.height), \($0.interpolation)" }
    var metadata: [String: String] = [:]
    for index in 0..<container.metadataCount {
      if let entry = container.metadata(at: index) { metadata[entry.key.text] = entry.value.text }
    }
    self.metadata = metadata
  }
}

extension Inspection.Signature {
  init(_ entry: SignatureEntry, path: String) throws(Fault) {
    name = entry.name.text
    modality = entry.modality.text
    let graph: Graph
    do throws(GraphError) {
      graph = try Graph.decode(entry.model)
    } catch {
      throw .input("\(path): signature '\(entry.name.text)': \(error)")
    }
    inputs = (0..<graph.inputCount).compactMap { index in
      graph.input(at: index).flatMap { graph.value(at: $0) }.map { Inspection.Port($0, $0.dims) }
    }
    outputs = (0..<graph.outputCount).compactMap { index in
      graph.output(at: index).flatMap { graph.value(at: $0) }.map {
        Inspection.Port($0, graph.outputDims(at: index))
      }
    }
    var operators: [String: Int] = [:]
    for index in 0..<graph.nodeCount {
      if let node = graph.node(at: index) { operators[node.type.text, default: 0] += 1 }
    }
    self.operators = operators
  }
}

extension Inspection.Port {
  init(_ value: Value, _ dims: DeclaredDims?) {
    name = value.name.text
    type = value.type.description
    self.dims = (0..<(dims?.rank ?? 0)).compactMap { index in
      switch dims?[index] {
      case .fixed(let size): .fixed(size)
      case .symbolic(let name): .symbolic(name.text)
      case nil: nil
      }
    }
  }
}

extension Inspection.Bank {
  init(_ entry: BankEntry) {
    let experts = (0..<entry.expertCount).compactMap { entry.expert(at: $0) }
    let encodings = Set(experts.compactMap { $0.encoding?.rawValue }).sorted()
    name = entry.name.text
    self.experts = entry.expertCount
    bytes = experts.reduce(0) { $0 + $1.size }
    encoding = encodings.compactMap { ElementType(rawValue: $0)?.description }.joined(separator: "+")
    absent = experts.count { $0.encoding == nil }
    inputSize = entry.inputSize
    hiddenSize = entry.hiddenSize
    outputSize = entry.outputSize
  }
}

extension Inspection.Tensor {
  init(_ entry: TensorEntry) {
    name = entry.name.text
    type = entry.type.description
    layout = entry.layout.description
    dims = (0..<entry.shape.rank).map { entry.shape[$0] }
    bytes = entry.size
  }
}
