public import LimequatBytes
public import LimequatContainer
public import LimequatGraph
public import LimequatTensor

/// Why a model could not be opened or a call not be answered.
public indirect enum RuntimeError: Error, Sendable {
  case bytes(BytesError)
  case container(ContainerError)
  /// A graph breaks a rule of formats/graph.md.
  case graph(signature: String, GraphError)

  // Opening.

  /// No kernels of this name run here.
  case unknownKernels(name: String, choices: String)
  /// The budget for experts is less than one of them takes, in bytes.
  case budgetTooSmall(Int, least: Int)
  /// A graph reads a weight that the container does not have.
  case missingTensor(String, signature: String)
  /// A weight has other dims than the graph says.
  case tensorShape(String, found: Shape, expected: String)
  /// A weight lies in the file in a way that the operator which reads it cannot use.
  case tensorStorage(String, found: ElementType, Layout, node: String)
  case missingBank(String, signature: String)
  /// An expert's encoding has no kernels in this version.
  case expertEncoding(bank: String, expert: Int, found: ElementType)

  // Calls.

  case noSuchSignature(Int, count: Int)
  case inputCount(found: Int, expected: Int)
  case outputCount(found: Int, expected: Int)
  case inputType(input: String, found: ElementType, expected: GraphType)
  case inputShape(input: String, found: Shape, expected: String)
  /// A symbolic dim outside its bounds.
  case inputDimension(input: String, dimension: String, found: Int, minimum: Int, maximum: Int?)
  /// Memory of an input or output that does not begin at a multiple of its element size.
  case misaligned(String)
  /// Memory of an input or output that has another size than its shape gives, in bytes.
  case byteCount(String, found: Int, expected: Int)
  /// An index, such as a token id, outside `0..<limit`. `position` counts from 0, row-major.
  case indexOutOfRange(input: String, position: Int, value: Int64, limit: Int)
  /// `lengths` was left out and the model does not say how to find it.
  case lengthsMissing
  /// A length outside 1...limit.
  case lengthOutOfRange(item: Int, value: Int64, limit: Int)
  /// The tokens of a call that experts of finite capacity cannot serve.
  case grouping(node: String, GroupingError)
  /// Sizes whose product does not fit.
  case tooLarge
  /// A token chose an expert that the file does not hold.
  case absentExpert(bank: String, expert: Int)
  /// The block of an expert could not be read; `offset` in the file.
  case unreadableExpert(bank: String, expert: Int, offset: Int, ContainerError)
  case unreadableTensor(String, offset: Int, ContainerError)
  /// Another thread is using the session.
  case sessionBusy
  /// The model was opened by another process, of which this one is a fork.
  case forked
  case cancelled
}

extension RuntimeError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .bytes(let error): error.description
    case .container(let error): error.description
    case .graph(let signature, let error): "signature \"\(signature)\": \(error.description)"
    case .unknownKernels(let name, let choices):
      "no kernels named \"\(name)\" run on this processor; there are \(choices)"
    case .budgetTooSmall(let budget, let least):
      "a memory budget of \(budget) bytes holds no expert, the least that does is \(least) bytes"
    case .missingTensor(let name, let signature):
      "signature \"\(signature)\" reads the tensor \"\(name)\", which the file does not have"
    case .tensorShape(let name, let found, let expected):
      "tensor \"\(name)\" has dims \(found), the graph expects \(expected)"
    case .tensorStorage(let name, let type, let layout, let node):
      "tensor \"\(name)\" is stored as \(type) in \(layout), which node \"\(node)\" cannot use"
    case .missingBank(let name, let signature):
      "signature \"\(signature)\" uses the expert bank \"\(name)\", which the file does not have"
    case .expertEncoding(let bank, let expert, let found):
      "expert \(expert) of bank \"\(bank)\" is stored as \(found), which this version cannot compute with"
    case .noSuchSignature(let index, let count): "signature \(index) of \(count) does not exist"
    case .inputCount(let found, let expected): "\(found) inputs were given, expected \(expected)"
    case .outputCount(let found, let expected): "\(found) outputs were given, expected \(expected)"
    case .inputType(let input, let found, let expected):
      "input \"\(input)\" has type \(found), expected \(expected)"
    case .inputShape(let input, let found, let expected):
      "input \"\(input)\" has dims \(found), expected \(expected)"
    case .inputDimension(let input, let dimension, let found, let minimum, let maximum):
      "input \"\(input)\": dim \(dimension) is \(found), expected at least \(minimum)"
        + (maximum.map { " and at most \($0)" } ?? "")
    case .misaligned(let name): "the memory of \"\(name)\" is not aligned to its elements"
    case .byteCount(let name, let found, let expected):
      "the size of \"\(name)\" is \(found) bytes, expected \(expected)"
    case .indexOutOfRange(let input, let position, let value, let limit):
      "\"\(input)\" at position \(position) is \(value), expected 0 to \(limit - 1)"
    case .lengthsMissing:
      "the input \"lengths\" was left out, but the signature has no tokenizer with pad_id and eos_id"
    case .lengthOutOfRange(let item, let value, let limit):
      "\"lengths\" of item \(item) is \(value), expected 1 to \(limit)"
    case .grouping(let node, .capacityBelowOne(let size)):
      "node \"\(node)\": the experts' capacity is below 1 for a group of \(size) tokens"
    case .grouping(let node, .indivisible(let tokens, let size)):
      "node \"\(node)\": \(tokens) tokens cannot be cut into groups of \(size), as its expert capacity needs"
    case .tooLarge: "the sizes of this call do not fit into memory"
    case .absentExpert(let bank, let expert): "expert \(expert) of bank \"\(bank)\" is not in the file"
    case .unreadableExpert(let bank, let expert, let offset, let error):
      "expert \(expert) of bank \"\(bank)\" at offset \(offset): \(error.description)"
    case .unreadableTensor(let name, let offset, let error):
      "tensor \"\(name)\" at offset \(offset): \(error.description)"
    case .sessionBusy: "the session is in use by another thread"
    case .forked: "the model was opened before fork(), by the parent process: open it again in this one"
    case .cancelled: "cancelled"
    }
  }
}
