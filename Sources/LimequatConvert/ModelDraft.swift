internal import LimequatCheckpoint
internal import LimequatContainer
internal import LimequatTensor

/// What an architecture makes of a checkpoint: everything the output will hold, with where it comes from.
struct ModelDraft {
  let checkpoint: Checkpoint
  let options: ConversionOptions
  /// In the order in which they will lie in the file.
  private(set) var parts: [Part] = []
  var manifest = ManifestDraft()
  private var used: Set<Int> = []

  enum Part {
    case tensor(TensorDraft)
    case bank(ExpertBankDraft)
  }

  struct TensorDraft {
    let name: String
    let type: ElementType
    let layout: Layout
    /// As stored: panel32 is (inputs, outputs).
    let shape: Shape
    let source: Source
    let bytes: Int

    enum Source {
      /// A tensor of the checkpoint.
      case tensor(Int)
      /// Ready bytes: a tokenizer's table.
      case bytes([UInt8])
    }
  }

  /// The experts of a layer: each matrix is one row of the leading axis of a checkpoint tensor.
  struct ExpertBankDraft {
    let bank: BankDraft
    let experts: Int
    let encoding: ElementType
    let blockSize: Int
    let first: Layer
    let second: Layer

    struct Layer {
      let kernel: Int
      let bias: Int
    }
  }

  init(checkpoint: Checkpoint, options: ConversionOptions) {
    self.checkpoint = checkpoint
    self.options = options
  }

  /// A matrix (inputs, outputs), the second factor of a product. `isExact`: stays f32 whatever is asked for.
  mutating func matrix(
    _ name: String, _ shape: [Int], inputs: Int, outputs: Int, isExact: Bool = false
  ) throws(ConversionError) {
    let source = try take(name, shape)
    guard inputs <= ContainerLimits.matrixInputs else {
      throw .tensor(
        name: name, expected: "a matrix of at most \(ContainerLimits.matrixInputs) inputs", found: "\(inputs)"
      )
    }
    try append(
      name, isExact ? .f32 : options.type(keeping: source.type), .panel32, [inputs, outputs],
      .tensor(source.index))
  }

  /// A matrix that is looked up row by row.
  mutating func table(_ name: String, _ shape: [Int]) throws(ConversionError) {
    let source = try take(name, shape)
    try append(name, options.type(keeping: source.type), .rows, shape, .tensor(source.index))
  }

  /// Scales, biases, positions: f32. `stored` when the graph wants other dims than the checkpoint has.
  mutating func vector(_ name: String, _ shape: [Int], stored: [Int]? = nil) throws(ConversionError) {
    let source = try take(name, shape)
    try append(name, .f32, .rows, stored ?? shape, .tensor(source.index))
  }

  /// A table that the converter itself makes.
  mutating func made(
    _ name: String, _ type: ElementType, _ shape: [Int], bytes: [UInt8]
  ) throws(ConversionError) {
    try append(name, type, .rows, shape, .bytes(bytes))
  }

  /// The experts `prefix/Dense_0` (E, inputs, hidden) and `prefix/Dense_1` (E, hidden, outputs) with their
  /// biases.
  mutating func bank(
    _ prefix: String, experts: Int, inputs: Int, hidden: Int, outputs: Int
  ) throws(ConversionError) {
    let first = try take("\(prefix)/Dense_0/kernel", [experts, inputs, hidden])
    let firstBias = try take("\(prefix)/Dense_0/bias", [experts, hidden])
    let second = try take("\(prefix)/Dense_1/kernel", [experts, hidden, outputs])
    let secondBias = try take("\(prefix)/Dense_1/bias", [experts, outputs])
    // An expert has one encoding; where its matrices differ, f32 holds both exactly.
    let encoding = options.type(keeping: first.type == second.type ? first.type : .f32)
    let bank = BankDraft(name: prefix, inputSize: inputs, hiddenSize: hidden, outputSize: outputs)
    guard
      let block = ExpertBlock(
        inputSize: inputs, hiddenSize: hidden, outputSize: outputs, isGated: false, encoding: encoding),
      experts <= ContainerLimits.expertsPerBank
    else {
      throw .tensor(
        name: "\(prefix)/Dense_0/kernel", expected: "experts that the format can hold",
        found: "\(experts) of \(inputs) x \(hidden) x \(outputs)")
    }
    parts.append(
      .bank(
        ExpertBankDraft(
          bank: bank, experts: experts, encoding: encoding, blockSize: block.size,
          first: .init(kernel: first.index, bias: firstBias.index),
          second: .init(kernel: second.index, bias: secondBias.index))))
  }

  /// The only element of a tensor that holds one.
  mutating func scalar(_ name: String) throws(ConversionError) -> Float {
    let checkpoint = self.checkpoint
    let shape = checkpoint.index(of: name).map { checkpoint.tensors[$0].shape }
    let source = try take(name, shape?.rank == 1 ? [1] : [])
    var value: Float = 0
    var bits: UInt32 = 0
    try withCheckpoint { () throws(CheckpointError) in
      try withUnsafeMutableBytes(of: &bits) { (bytes) throws(CheckpointError) in
        try checkpoint.read(
          source.index, leading: 0..<1,
          into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<source.type.size]))
      }
    }
    switch source.type {
    case .f16: value = Half.widen(UInt16(truncatingIfNeeded: bits))  // the two bytes that were read
    case .bf16: value = BFloat16.widen(UInt16(truncatingIfNeeded: bits))
    default: value = Float(bitPattern: bits)
    }
    guard value.isFinite else { throw .notFinite(tensor: name, element: 0) }
    return value
  }

  func has(_ name: String) -> Bool { checkpoint.index(of: name) != nil }

  /// Refuses tensors that no part took.
  func checkNothingIsLeft() throws(ConversionError) {
    for (index, tensor) in checkpoint.tensors.enumerated() where !used.contains(index) {
      throw .tensor(
        name: tensor.name, expected: "no such tensor in this model",
        found: "\(tensor.type.rawValue) \(tensor.shape) in \(tensor.file)")
    }
  }

  private mutating func take(
    _ name: String, _ shape: [Int]
  ) throws(ConversionError) -> (index: Int, type: ElementType) {
    let expected = Shape(shape) ?? Shape()
    guard let index = checkpoint.index(of: name) else {
      throw .tensor(name: name, expected: "shape \(expected)", found: "no such tensor")
    }
    let tensor = checkpoint.tensors[index]
    guard tensor.shape == expected else {
      throw .tensor(name: name, expected: "shape \(expected)", found: "\(tensor.shape)")
    }
    guard let type = tensor.type.weight else {
      throw .tensor(name: name, expected: "type F32, F16 or BF16", found: tensor.type.rawValue)
    }
    used.insert(index)
    return (index, type)
  }

  private mutating func append(
    _ name: String, _ type: ElementType, _ layout: Layout, _ dims: [Int], _ source: TensorDraft.Source
  ) throws(ConversionError) {
    guard let shape = Shape(dims), let bytes = storedSize(type: type, layout: layout, shape: shape) else {
      throw .tensor(name: name, expected: "a size that fits", found: "\(dims)")
    }
    parts.append(
      .tensor(
        TensorDraft(name: name, type: type, layout: layout, shape: shape, source: source, bytes: bytes)))
  }
}
