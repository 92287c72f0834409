internal import LimequatBytes

/// The closed list of operators: their names, how many inputs they take and which attributes.
enum OperatorKind: UInt8, CaseIterable {
  case identity = 0
  case reshape, transpose, squeeze, unsqueeze, concat, slice, pad, gather, cast
  case add, subtract, multiply, divide, less, equal, choose
  case matMul, layerNormalization, rmsNormalization, softmax, gelu, relu, sigmoid, tanh
  case reduceMean, reduceSum, reduceL2, attention, sparseMoE

  /// Nil for what is not on the list. Domains are "" and "limequat".
  init?(domain: Name, type: Name) {
    var raw: UInt8 = 0
    while let kind = OperatorKind(rawValue: raw) {
      if type == Name(kind.type), domain == Name(kind.domain) {
        self = kind
        return
      }
      raw += 1
    }
    return nil
  }

  var domain: StaticString { self == .sparseMoE ? "limequat" : "" }

  var type: StaticString {
    switch self {
    case .identity: "Identity"
    case .reshape: "Reshape"
    case .transpose: "Transpose"
    case .squeeze: "Squeeze"
    case .unsqueeze: "Unsqueeze"
    case .concat: "Concat"
    case .slice: "Slice"
    case .pad: "Pad"
    case .gather: "Gather"
    case .cast: "Cast"
    case .add: "Add"
    case .subtract: "Sub"
    case .multiply: "Mul"
    case .divide: "Div"
    case .less: "Less"
    case .equal: "Equal"
    case .choose: "Where"
    case .matMul: "MatMul"
    case .layerNormalization: "LayerNormalization"
    case .rmsNormalization: "RMSNormalization"
    case .softmax: "Softmax"
    case .gelu: "Gelu"
    case .relu: "Relu"
    case .sigmoid: "Sigmoid"
    case .tanh: "Tanh"
    case .reduceMean: "ReduceMean"
    case .reduceSum: "ReduceSum"
    case .reduceL2: "ReduceL2"
    case .attention: "Attention"
    case .sparseMoE: "SparseMoE"
    }
  }

  /// Those beyond the lower bound may be left out.
  var inputs: ClosedRange<Int> {
    switch self {
    case .identity, .transpose, .cast, .softmax, .gelu, .relu, .sigmoid, .tanh: 1...1
    case .concat: 1...Limits.nodeInputs
    case .slice: 4...5
    case .choose: 3...3
    case .layerNormalization: 2...3
    case .attention: 3...4
    default: 2...2
    }
  }

  /// The attribute at a place, nil past the last.
  func attribute(at index: Int) -> AttributeSpec? {
    switch (self, index) {
    case (.reshape, 0): AttributeSpec("allowzero", .int)
    case (.transpose, 0): AttributeSpec("perm", .ints, isRequired: true)
    case (.concat, 0): AttributeSpec("axis", .int, isRequired: true)
    case (.pad, 0): AttributeSpec("mode", .string)
    case (.gather, 0), (.softmax, 0), (.layerNormalization, 0), (.rmsNormalization, 0):
      AttributeSpec("axis", .int)
    case (.cast, 0): AttributeSpec("to", .int, isRequired: true)
    case (.layerNormalization, 1), (.rmsNormalization, 1): AttributeSpec("epsilon", .float)
    case (.layerNormalization, 2), (.rmsNormalization, 2): AttributeSpec("stash_type", .int)
    case (.gelu, 0): AttributeSpec("approximate", .string)
    case (.reduceMean, 0), (.reduceSum, 0), (.reduceL2, 0): AttributeSpec("keepdims", .int)
    case (.reduceMean, 1), (.reduceSum, 1), (.reduceL2, 1): AttributeSpec("noop_with_empty_axes", .int)
    case (.attention, 0): AttributeSpec("q_num_heads", .int, isRequired: true)
    case (.attention, 1): AttributeSpec("kv_num_heads", .int, isRequired: true)
    case (.attention, 2): AttributeSpec("scale", .float)
    case (.attention, 3): AttributeSpec("is_causal", .int)
    case (.attention, 4): AttributeSpec("softcap", .float)
    case (.attention, 5): AttributeSpec("qk_matmul_output_mode", .int)
    case (.sparseMoE, 0): AttributeSpec("bank", .string, isRequired: true)
    case (.sparseMoE, 1): AttributeSpec("k", .int, isRequired: true)
    case (.sparseMoE, 2): AttributeSpec("activation", .string, isRequired: true)
    case (.sparseMoE, 3): AttributeSpec("normalize_gates", .int)
    case (.sparseMoE, 4): AttributeSpec("softmax", .string)
    case (.sparseMoE, 5): AttributeSpec("capacity_factor", .floats)
    case (.sparseMoE, 6): AttributeSpec("capacity_rounding", .string)
    case (.sparseMoE, 7): AttributeSpec("capacity_multiple", .int)
    case (.sparseMoE, 8): AttributeSpec("group_size", .int)
    case (.sparseMoE, 9): AttributeSpec("batch_priority", .int)
    case (.sparseMoE, 10): AttributeSpec("dispatch_rounding", .string)
    default: nil
    }
  }
}

/// An attribute that an operator knows.
struct AttributeSpec {
  let name: StaticString
  let type: AttributeType
  let isRequired: Bool

  init(_ name: StaticString, _ type: AttributeType, isRequired: Bool = false) {
    self.name = name
    self.type = type
    self.isRequired = isRequired
  }
}

/// Raw values are those of ONNX's AttributeProto.AttributeType.
enum AttributeType: UInt32 {
  case float = 1
  case int = 2
  case string = 3
  case floats = 6
  case ints = 7

  var text: String {
    switch self {
    case .float: "FLOAT"
    case .int: "INT"
    case .string: "STRING"
    case .floats: "FLOATS"
    case .ints: "INTS"
    }
  }
}
