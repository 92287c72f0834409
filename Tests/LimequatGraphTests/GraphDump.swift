internal import LimequatBytes
internal import LimequatGraph
internal import LimequatTensor

/// A graph as lines of text, in the form of formats/vectors/valid/*.txt.
func dump(_ graph: Graph, symbolicDim: Int = 2) throws -> String {
  let shapes = try inferTestShapes(graph, symbolicDim: symbolicDim)
  var lines: [String] = []
  for id in 0..<graph.valueCount {
    guard let value = graph.value(at: id) else { continue }
    let head = "\(id) \(value.name) \(value.type) \(value.dims.map { "\($0)" } ?? "")"
    switch value.source {
    case .input: lines.append("input \(head)")
    case .external(let location): lines.append("weight \(head) \(location)")
    case .constant(let bytes):
      let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      lines.append("constant \(head) \(digits)")
    case .node(let number):
      guard let node = graph.node(at: number), let shape = shapes[id] else { continue }
      let inputs = (0..<node.inputCount).map { node.input(at: $0).map { "\($0)" } ?? "_" }
      lines.append(
        "node \(id) \(node.name) \(text(node.op)) [\(inputs.joined(separator: " "))] \(value.name) "
          + "\(value.type) \(shape)")
    }
  }
  for place in 0..<graph.outputCount {
    guard let id = graph.output(at: place), let dims = graph.outputDims(at: place) else { continue }
    lines.append("output \(id) \(dims)")
  }
  return lines.joined(separator: "\n") + "\n"
}

/// With the surroundings that graph.md states for vectors.
func inferTestShapes(_ graph: Graph, symbolicDim: Int = 2) throws -> InferredShapes {
  try graph.inferShapes(
    inputs: { index in
      guard let dims = graph.value(at: index)?.dims else { return Shape() }
      return shape(dims, symbolicDim: symbolicDim)
    },
    externals: { location in
      if location == Name("absent") { return nil }
      if location == Name("five") { return (.f32, Shape(of: 5)) }
      for id in 0..<graph.valueCount {
        guard let value = graph.value(at: id), case .external(location) = value.source else { continue }
        return value.dims.map { (.f32, shape($0, symbolicDim: symbolicDim)) }
      }
      return nil
    },
    banks: testBank)
}

func testBank(_ name: Name) -> BankShape? {
  switch name.text {
  case "bank": BankShape(inputSize: 8, outputSize: 8, isGated: false, expertCount: 4, presentCount: 4)
  case "narrow": BankShape(inputSize: 4, outputSize: 4, isGated: false, expertCount: 4, presentCount: 4)
  case "pruned": BankShape(inputSize: 8, outputSize: 8, isGated: false, expertCount: 4, presentCount: 2)
  case "single": BankShape(inputSize: 3, outputSize: 3, isGated: true, expertCount: 1, presentCount: 1)
  default: nil
  }
}

func shape(_ dims: DeclaredDims, symbolicDim: Int) -> Shape {
  var shape = Shape()
  for axis in 0..<dims.rank {
    if case .fixed(let size) = dims[axis] { shape.append(size) } else { shape.append(symbolicDim) }
  }
  return shape
}

private func text(_ op: Operator) -> String {
  switch op {
  case .identity: "Identity()"
  case .reshape(let list): "Reshape(\(list))"
  case .transpose(let list): "Transpose(\(list))"
  case .squeeze(let axes): "Squeeze(axes=\(axes))"
  case .unsqueeze(let axes): "Unsqueeze(axes=\(axes))"
  case .concat(let axis): "Concat(axis=\(axis))"
  case .slice(let starts, let ends, let axes, let steps):
    "Slice(starts=\(starts) ends=\(ends) axes=\(axes) steps=\(steps.map { "\($0)" } ?? "1"))"
  case .pad(let pads): "Pad(\(pads))"
  case .gather(let axis): "Gather(axis=\(axis))"
  case .cast(let type): "Cast(\(type))"
  case .add: "Add()"
  case .subtract: "Sub()"
  case .multiply: "Mul()"
  case .divide: "Div()"
  case .less: "Less()"
  case .equal: "Equal()"
  case .choose: "Where()"
  case .matMul: "MatMul()"
  case .layerNormalization(let epsilon): "LayerNormalization(epsilon=\(epsilon))"
  case .rmsNormalization(let epsilon): "RMSNormalization(epsilon=\(epsilon))"
  case .softmax: "Softmax()"
  case .gelu(let form): "Gelu(\(form == .erf ? "erf" : "tanh"))"
  case .relu: "Relu()"
  case .sigmoid: "Sigmoid()"
  case .tanh: "Tanh()"
  case .reduceMean(let axis, let keep): "ReduceMean(axis=\(axis) keep=\(keep ? 1 : 0))"
  case .reduceSum(let axis, let keep): "ReduceSum(axis=\(axis) keep=\(keep ? 1 : 0))"
  case .reduceL2(let axis, let keep): "ReduceL2(axis=\(axis) keep=\(keep ? 1 : 0))"
  case .attention(let heads, let kvHeads, let scale):
    "Attention(heads=\(heads) kv_heads=\(kvHeads)\(scale.map { " scale=\($0)" } ?? ""))"
  case .sparseMoE(let bank, let attributes): "SparseMoE(bank=\(bank) \(text(attributes)))"
  }
}

private func text(_ a: SparseMoEAttributes) -> String {
  let activation =
    switch a.activation {
    case .geluTanh: "gelu_tanh"
    case .gelu: "gelu"
    case .quickGelu: "quick_gelu"
    case .silu: "silu"
    case .relu: "relu"
    case .swiglu: "swiglu"
    }
  let group =
    switch a.group {
    case .call: 0
    case .sequence: -1
    case .tokens(let count): count
    }
  return "k=\(a.k) \(activation) normalize=\(a.normalizeGates ? 1 : 0) \(a.softmax) "
    + "capacity=\(a.capacityFactor) \(a.capacityRounding) multiple=\(a.capacityMultiple) group=\(group) "
    + "priority=\(a.batchPriority ? 1 : 0) bf16=\(a.dispatchBF16 ? 1 : 0)"
}
