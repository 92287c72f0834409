internal import CLimequatSchema
internal import LimequatBytes
internal import LimequatProtobuf

/// Builds the tables of a ``Graph`` from a GraphProto: first all values with their names, then each node in
/// order, so that a node can only name what stands before it.
struct GraphDecoder: ~Copyable {
  private let graph: UnsafePointer<Onnx__GraphProto>
  private var values: Table<Value>
  private var nodes: Table<Node>
  private var nodeInputs: Table<Int32>
  private var outputs: Table<Graph.Output>

  init(_ graph: UnsafePointer<Onnx__GraphProto>) throws(GraphError) {
    let counts = graph.pointee
    try Self.limit(counts.n_input, 1...Limits.inputs, "inputs")
    try Self.limit(counts.n_output, 1...Limits.outputs, "outputs")
    try Self.limit(counts.n_initializer, 0...Limits.initializers, "initializers")
    try Self.limit(counts.n_node, 1...Limits.nodes, "nodes")
    var inputCount = 0
    for index in 0..<counts.n_node {
      guard let node = counts.node[index]?.pointee else { continue }
      try Self.limit(node.n_input, 0...Limits.nodeInputs, "inputs of a node", node: Name(node.name))
      inputCount += node.n_input  // at most 64 times 65,536
    }
    let valueCount = counts.n_input + counts.n_initializer + counts.n_node
    let values = try table(of: Value.self, capacity: valueCount)
    let nodes = try table(of: Node.self, capacity: counts.n_node)
    let nodeInputs = try table(of: Int32.self, capacity: inputCount)
    let outputs = try table(of: Graph.Output.self, capacity: counts.n_output)
    self.graph = graph
    self.values = values
    self.nodes = nodes
    self.nodeInputs = nodeInputs
    self.outputs = outputs
  }

  mutating func decode() throws(GraphError) {
    try Self.checkName(Name(graph.pointee.name), of: "the graph")
    try collectInputs()
    try collectInitializers()
    try collectNodeOutputs()
    let index = try NameIndex(values)
    if let name = index.duplicate(in: values) {
      throw .broken(.uniqueNames, at: .init(value: name), expected: "one value of this name", found: "two")
    }
    for node in 0..<graph.pointee.n_node {
      try orMemory(Memory.check)
      try decodeNode(node, index)
    }
    for output in 0..<graph.pointee.n_output { try decodeOutput(output, index) }
  }

  consuming func finish(message: UnpackedMessage<Onnx__ModelProto>) -> Graph {
    let inputCount = graph.pointee.n_input
    return Graph(
      message: message, values: values, nodes: nodes, nodeInputs: nodeInputs, outputs: outputs,
      inputCount: inputCount)
  }

  // MARK: - Values

  private mutating func collectInputs() throws(GraphError) {
    for index in 0..<graph.pointee.n_input {
      guard let info = graph.pointee.input[index] else { continue }
      let (name, type, dims) = try read(UnsafePointer(info), of: "an input")
      values.append(Value(name: name, source: .input(index), type: type, dims: dims))
    }
  }

  private mutating func collectInitializers() throws(GraphError) {
    for index in 0..<graph.pointee.n_initializer {
      try orMemory(Memory.check)
      guard let tensor = graph.pointee.initializer[index] else { continue }
      let name = Name(tensor.pointee.name)
      try Self.checkName(name, of: "an initializer")
      values.append(try InitializerDecoder(UnsafePointer(tensor), name: name).decode())
    }
  }

  /// The types follow when the nodes are decoded.
  private mutating func collectNodeOutputs() throws(GraphError) {
    for index in 0..<graph.pointee.n_node {
      guard let node = graph.pointee.node[index]?.pointee else { continue }
      let name = Name(node.name)
      try Self.checkName(name, of: "a node")
      guard node.n_output == 1, let output = node.output[0] else {
        throw .broken(.oneOutput, at: .init(node: name), expected: "one output", found: "\(node.n_output)")
      }
      try Self.checkName(Name(output), of: "an output", node: name)
      values.append(Value(name: Name(output), source: .node(index), type: .f32, dims: nil))
    }
  }

  /// G17.
  private func read(
    _ info: UnsafePointer<Onnx__ValueInfoProto>, of what: StaticString
  ) throws(GraphError) -> (Name, GraphType, DeclaredDims) {
    let name = Name(info.pointee.name)
    try Self.checkName(name, of: what)
    let place = GraphError.Place(value: name)
    guard let tensor = info.pointee.type?.pointee.tensor_type, let shape = tensor.pointee.shape else {
      throw .broken(.valueInfo, at: place, expected: "a tensor type with a shape", found: "none")
    }
    guard let type = GraphType(rawValue: tensor.pointee.elem_type) else {
      throw .broken(
        .valueInfo, at: place, expected: "FLOAT, UINT8, INT32, INT64 or BOOL",
        found: "element type \(tensor.pointee.elem_type)")
    }
    let dims = DeclaredDims(UnsafePointer(shape))
    guard dims.rank <= 8 else {
      throw .broken(.valueInfo, at: place, expected: "at most 8 dims", found: "\(dims.rank)")
    }
    for index in 0..<dims.rank {
      switch dims[index] {
      case .fixed(let size) where size >= 1: continue
      case .symbolic(let symbol) where symbol.isValid: continue
      default:
        throw .broken(
          .valueInfo, at: place, expected: "dims that are at least 1 or have a name", found: "\(dims)")
      }
    }
    return (name, type, dims)
  }

  // MARK: - Nodes

  private mutating func decodeNode(_ number: Int, _ index: borrowing NameIndex) throws(GraphError) {
    guard let node = graph.pointee.node[number] else { return }
    let name = Name(node.pointee.name)
    let place = GraphError.Place(node: name)
    guard let kind = OperatorKind(domain: Name(node.pointee.domain), type: Name(node.pointee.op_type)) else {
      throw .broken(
        .operators, at: place, expected: "an operator that graph.md lists",
        found: "'\(Name(node.pointee.op_type).excerpt)' of domain '\(Name(node.pointee.domain).excerpt)'")
    }
    let count = node.pointee.n_input
    guard kind.inputs.contains(count) else {
      throw .broken(
        .inputCount, at: place,
        expected: "\(kind.inputs.lowerBound) to \(kind.inputs.upperBound) inputs of \(kind.type)",
        found: "\(count)")
    }
    let output = graph.pointee.n_input + graph.pointee.n_initializer + number
    let start = nodeInputs.count
    var inputs: [Value?] = []
    for input in 0..<count {
      let inputName = node.pointee.input[input].map { Name($0) } ?? Name("")
      if inputName.isEmpty {
        guard input >= kind.inputs.lowerBound else {
          throw .broken(
            .optionalInputs, at: place, expected: "input \(input) of \(kind.type)", found: "it left out")
        }
        nodeInputs.append(-1)
        inputs.append(nil)
        continue
      }
      // Values are numbered in the order in which they are made.
      guard let value = index.find(inputName, in: values), value < output else {
        throw .broken(
          .defined, at: .init(node: name.text, value: inputName.excerpt),
          expected: "an input, an initializer or the output of an earlier node", found: "none of this name")
      }
      nodeInputs.append(Int32(clamping: value))
      inputs.append(values[value])
    }
    let attributes = try AttributeReader(UnsafePointer(node), kind: kind, place: place)
    let op = try OperatorDecoder(attributes: attributes, inputs: inputs).decode(kind)
    let type = try op.resultType(inputCount: count, place: place) {
      $0 < inputs.count ? inputs[$0]?.type : nil
    }
    // The table never moves its elements, and the graph keeps it.
    let all = nodeInputs.withElements { UnsafeBufferPointer($0) }
    nodes.append(
      Node(
        name: name, type: Name(kind.type), op: op, output: output,
        inputs: UnsafeBufferPointer(rebasing: all[start..<start + count])))
    if let made = values[output] {
      values.replace(output, with: Value(name: made.name, source: made.source, type: type, dims: nil))
    }
  }

  /// G22.
  private mutating func decodeOutput(_ number: Int, _ index: borrowing NameIndex) throws(GraphError) {
    guard let info = graph.pointee.output[number] else { return }
    let (name, type, dims) = try read(UnsafePointer(info), of: "an output")
    let place = GraphError.Place(value: name)
    guard let id = index.find(name, in: values), let value = values[id] else {
      throw .broken(.defined, at: place, expected: "a node that makes it", found: "none")
    }
    guard case .node = value.source else {
      throw .broken(
        .outputs, at: place, expected: "an output that a node makes", found: "an input or initializer")
    }
    guard value.type == type else {
      throw .broken(
        .outputs, at: place, expected: "type \(value.type), which the node makes", found: "\(type)")
    }
    for other in 0..<outputs.count where outputs[other]?.value == id {
      throw .broken(.outputs, at: place, expected: "each output once", found: "it again")
    }
    for axis in 0..<dims.rank {
      guard case .symbolic(let symbol) = dims[axis] else { continue }
      guard isBound(symbol) else {
        throw .broken(.outputs, at: place, expected: "symbolic dims that an input has", found: "'\(symbol)'")
      }
    }
    outputs.append(Graph.Output(value: id, dims: dims))
  }

  /// Whether an input has this symbolic dim. At most 16 inputs of 8 dims.
  private func isBound(_ symbol: Name) -> Bool {
    for input in 0..<graph.pointee.n_input {
      guard let dims = values[input]?.dims else { continue }
      for axis in 0..<dims.rank {
        if case .symbolic(let other) = dims[axis], other == symbol { return true }
      }
    }
    return false
  }

  // MARK: - Limits

  /// G06.
  private static func limit(
    _ count: Int, _ range: ClosedRange<Int>, _ what: StaticString, node: Name = Name("")
  ) throws(GraphError) {
    guard !range.contains(count) else { return }
    throw .broken(
      .limits, at: .init(node: node.excerpt), expected: "\(range.lowerBound) to \(range.upperBound) \(what)",
      found: "\(count)")
  }

  /// G07.
  private static func checkName(
    _ name: Name, of what: StaticString, node: Name = Name("")
  ) throws(GraphError) {
    guard name.isValid else {
      throw .broken(
        .names, at: .init(node: node.excerpt), expected: "a name of \(Name.validForm) for \(what)",
        found: name.invalidForm)
    }
  }
}
