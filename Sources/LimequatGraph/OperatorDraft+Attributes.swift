/// An attribute to be written.
struct AttributeDraft {
  enum Value {
    case int(Int)
    case float(Float)
    case string(String)
    case ints([Int])
    case floats([Float])
  }
  let name: StaticString
  let value: Value

  init(_ name: StaticString, _ value: Value) {
    self.name = name
    self.value = value
  }
}

extension OperatorDraft {
  var kind: OperatorKind {
    switch self {
    case .identity: .identity
    case .reshape: .reshape
    case .transpose: .transpose
    case .squeeze: .squeeze
    case .unsqueeze: .unsqueeze
    case .concat: .concat
    case .slice: .slice
    case .pad: .pad
    case .gather: .gather
    case .cast: .cast
    case .add: .add
    case .subtract: .subtract
    case .multiply: .multiply
    case .divide: .divide
    case .less: .less
    case .equal: .equal
    case .choose: .choose
    case .matMul: .matMul
    case .layerNormalization: .layerNormalization
    case .rmsNormalization: .rmsNormalization
    case .softmax: .softmax
    case .gelu: .gelu
    case .relu: .relu
    case .sigmoid: .sigmoid
    case .tanh: .tanh
    case .reduceMean: .reduceMean
    case .reduceSum: .reduceSum
    case .reduceL2: .reduceL2
    case .attention: .attention
    case .sparseMoE: .sparseMoE
    }
  }

  /// All attributes, defaults too: a reader of the file need not know them.
  var attributes: [AttributeDraft] {
    switch self {
    case .transpose(let permutation): return [AttributeDraft("perm", .ints(permutation))]
    case .concat(let axis), .gather(let axis): return [AttributeDraft("axis", .int(axis))]
    case .cast(let type): return [AttributeDraft("to", .int(Int(type.rawValue)))]
    case .layerNormalization(let epsilon), .rmsNormalization(let epsilon):
      return [AttributeDraft("axis", .int(-1)), AttributeDraft("epsilon", .float(epsilon))]
    case .softmax: return [AttributeDraft("axis", .int(-1))]
    case .gelu(let form): return [AttributeDraft("approximate", .string(form == .erf ? "none" : "tanh"))]
    case .reduceMean(_, let keep), .reduceSum(_, let keep), .reduceL2(_, let keep):
      return [AttributeDraft("keepdims", .int(keep ? 1 : 0))]
    case .attention(let heads, let kvHeads, let scale):
      var list = [AttributeDraft("q_num_heads", .int(heads)), AttributeDraft("kv_num_heads", .int(kvHeads))]
      if let scale { list.append(AttributeDraft("scale", .float(scale))) }
      return list
    case .sparseMoE(let bank, let attributes):
      return [AttributeDraft("bank", .string(bank))] + attributes.drafts
    default: return []
    }
  }
}

extension SparseMoEAttributes {
  fileprivate var drafts: [AttributeDraft] {
    [
      AttributeDraft("k", .int(k)),
      AttributeDraft("activation", .string(activation.text)),
      AttributeDraft("normalize_gates", .int(normalizeGates ? 1 : 0)),
      AttributeDraft("softmax", .string(softmax == .all ? "all" : "kept")),
      AttributeDraft("capacity_factor", .floats(Self.pieces(of: capacityFactor))),
      AttributeDraft("capacity_rounding", .string(capacityRounding == .ceil ? "ceil" : "round")),
      AttributeDraft("capacity_multiple", .int(capacityMultiple)),
      AttributeDraft("group_size", .int(groupNumber)),
      AttributeDraft("batch_priority", .int(batchPriority ? 1 : 0)),
      AttributeDraft("dispatch_rounding", .string(dispatchBF16 ? "bf16" : "none")),
    ]
  }

  private var groupNumber: Int {
    switch group {
    case .call: 0
    case .sequence: -1
    case .tokens(let count): count
    }
  }

  /// f32 numbers whose sum in f64 is the number: ONNX has no f64 attribute, and a factor such as 1.05 rounded
  /// to f32 can move a capacity. Each difference is exact (24 of the 53 bits are gone at each step).
  static func pieces(of number: Double) -> [Float] {
    var rest = number
    var pieces = [Float(number)]
    while pieces.count < 3 {
      guard let last = pieces.last else { break }
      rest -= Double(last)
      guard rest != 0 else { break }
      pieces.append(Float(rest))
    }
    return pieces
  }
}

extension SparseMoEAttributes.Activation {
  fileprivate var text: String {
    switch self {
    case .geluTanh: "gelu_tanh"
    case .gelu: "gelu"
    case .quickGelu: "quick_gelu"
    case .silu: "silu"
    case .relu: "relu"
    case .swiglu: "swiglu"
    }
  }
}
