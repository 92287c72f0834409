internal import LimequatBytes

/// Reads the operator of a node from its attributes and from the lists that are constant inputs.
struct OperatorDecoder {
  let attributes: AttributeReader
  /// The values that the node reads; nil: left out.
  let inputs: [Value?]

  func decode(_ kind: OperatorKind) throws(GraphError) -> Operator {
    switch kind {
    case .identity: return .identity
    case .reshape: return try reshape()
    case .transpose: return try transpose()
    case .squeeze: return .squeeze(axes: try list(1, "axes", from: Int.min))
    case .unsqueeze: return .unsqueeze(axes: try list(1, "axes", from: Int.min))
    case .concat: return .concat(axis: try axis())
    case .slice: return try slice()
    case .pad:
      _ = try attributes.choice("mode", "constant")
      return .pad(try list(1, "pads", from: 0))
    case .gather: return .gather(axis: try axis())
    case .cast: return .cast(to: try castType())
    case .add: return .add
    case .subtract: return .subtract
    case .multiply: return .multiply
    case .divide: return .divide
    case .less: return .less
    case .equal: return .equal
    case .choose: return .choose
    case .matMul: return .matMul
    case .layerNormalization: return .layerNormalization(epsilon: try normalization())
    case .rmsNormalization: return .rmsNormalization(epsilon: try normalization())
    case .softmax:
      _ = try attributes.integer("axis", default: -1, in: -1...(-1))
      return .softmax
    case .gelu: return .gelu(try attributes.choice("approximate", "none", "tanh") == 0 ? .erf : .tanh)
    case .relu: return .relu
    case .sigmoid: return .sigmoid
    case .tanh: return .tanh
    case .reduceMean: return .reduceMean(axis: try reducedAxis(), keepDims: try keepDims())
    case .reduceSum: return .reduceSum(axis: try reducedAxis(), keepDims: try keepDims())
    case .reduceL2: return .reduceL2(axis: try reducedAxis(), keepDims: try keepDims())
    case .attention: return try attention()
    case .sparseMoE: return try sparseMoE()
    }
  }

  private func input(_ index: Int) -> Value? { index < inputs.count ? inputs[index] : nil }

  private func reshape() throws(GraphError) -> Operator {
    _ = try attributes.integer("allowzero", in: 0...0)
    let shape = try list(1, "shape", from: -1)
    var inferred = 0
    for index in 0..<shape.count where shape[index] == -1 { inferred += 1 }
    guard inferred <= 1 else {
      throw attributes.broken(.constantInputs, "'shape' with one -1 at most", "\(shape)")
    }
    return .reshape(shape)
  }

  private func transpose() throws(GraphError) -> Operator {
    let permutation = attributes.integers("perm")
    var seen: UInt32 = 0
    for index in 0..<permutation.count {
      let from = permutation[index]
      guard permutation.count <= 8, from >= 0, from < permutation.count, seen & 1 << UInt32(from) == 0 else {
        throw attributes.broken(
          .attributeValues, "'perm' with each of 0 to n - 1 once, n at most 8", "others")
      }
      seen |= 1 << UInt32(from)
    }
    return .transpose(permutation)
  }

  private func slice() throws(GraphError) -> Operator {
    let starts = try list(1, "starts", from: Int.min)
    let ends = try list(2, "ends", from: Int.min)
    let axes = try list(3, "axes", from: Int.min)
    let steps = input(4) == nil ? nil : try list(4, "steps", from: 1)
    guard ends.count == starts.count, axes.count == starts.count, (steps ?? starts).count == starts.count
    else {
      throw attributes.broken(
        .constantInputs, "'starts', 'ends', 'axes' and 'steps' of one length",
        "\(starts), \(ends), \(axes) and \(steps ?? starts)")
    }
    return .slice(starts: starts, ends: ends, axes: axes, steps: steps)
  }

  private func castType() throws(GraphError) -> GraphType {
    let raw = try attributes.integer("to", in: 0...Int(Int32.max))
    guard let type = GraphType(rawValue: Int32(clamping: raw)) else {
      throw attributes.broken(.attributeValues, "'to' FLOAT, UINT8, INT32, INT64 or BOOL", "\(raw)")
    }
    return type
  }

  private func normalization() throws(GraphError) -> Float {
    _ = try attributes.integer("axis", default: -1, in: -1...(-1))
    _ = try attributes.integer("stash_type", default: 1, in: 1...1)
    return try attributes.epsilon()
  }

  private func axis() throws(GraphError) -> Int { try attributes.integer("axis", in: -8...7) }

  private func reducedAxis() throws(GraphError) -> Int {
    _ = try attributes.integer("noop_with_empty_axes", in: 0...0)
    let axes = try list(1, "axes", from: -8)
    guard axes.count == 1, axes[0] <= 7 else {
      throw attributes.broken(.constantInputs, "'axes' with one axis", "\(axes)")
    }
    return axes[0]
  }

  private func keepDims() throws(GraphError) -> Bool { try attributes.flag("keepdims", default: true) }

  private func attention() throws(GraphError) -> Operator {
    let heads = try attributes.integer("q_num_heads", in: 1...Limits.heads)
    let kvHeads = try attributes.integer("kv_num_heads", in: 1...Limits.heads)
    guard heads % kvHeads == 0 else {
      throw attributes.broken(
        .attributeValues, "'kv_num_heads' that divides 'q_num_heads'", "\(kvHeads) and \(heads)")
    }
    let scale = attributes.float("scale")
    if let scale {
      guard scale > 0, scale.isFinite else {
        throw attributes.broken(.attributeValues, "'scale' above 0 and finite", AttributeReader.improper)
      }
    }
    _ = try attributes.integer("is_causal", in: 0...0)
    _ = try attributes.integer("qk_matmul_output_mode", in: 0...0)
    if let cap = attributes.float("softcap") {
      guard cap == 0 else { throw attributes.broken(.attributeValues, "'softcap' 0", "another number") }
    }
    return .attention(heads: heads, kvHeads: kvHeads, scale: scale)
  }

  private func sparseMoE() throws(GraphError) -> Operator {
    let bank = attributes.string("bank") ?? Name("")
    guard bank.isValid else {
      throw attributes.broken(
        .attributeValues, "'bank' of \(Name.validForm)", bank.invalidForm)
    }
    let group = try attributes.integer("group_size", in: -1...Int(Int32.max))
    let activation = try attributes.choice(
      "activation", "gelu_tanh", "gelu", "quick_gelu", "silu", "relu", "swiglu")
    return .sparseMoE(
      bank: bank,
      SparseMoEAttributes(
        k: try attributes.integer("k", in: 1...Limits.experts),
        activation: SparseMoEAttributes.Activation.allCases[activation],
        normalizeGates: try attributes.flag("normalize_gates"),
        softmax: try attributes.choice("softmax", "all", "kept") == 0 ? .all : .kept,
        capacityFactor: try attributes.sum("capacity_factor", maximumCount: 3),
        capacityRounding: try attributes.choice("capacity_rounding", "ceil", "round") == 0 ? .ceil : .round,
        capacityMultiple: try attributes.integer("capacity_multiple", default: 1, in: 1...Int(Int32.max)),
        group: group == 0 ? .call : group == -1 ? .sequence : .tokens(group),
        batchPriority: try attributes.flag("batch_priority"),
        dispatchBF16: try attributes.choice("dispatch_rounding", "none", "bf16") == 1))
  }

  /// A constant i64 list of one dim, its entries at least `lowest` (G20).
  private func list(_ index: Int, _ name: StaticString, from lowest: Int) throws(GraphError) -> IntegerList {
    guard let value = input(index), case .constant(let bytes) = value.source, value.type == .i64,
      value.dims?.rank == 1, bytes.count <= Limits.list * 8
    else {
      throw attributes.broken(
        .constantInputs, "input \(index) ('\(name)') a constant i64 list of at most \(Limits.list) entries",
        input(index).map { "'\($0.name)'" } ?? "none")
    }
    let list = IntegerList(bytes)
    for entry in 0..<list.count where list[entry] < lowest {
      throw attributes.broken(.constantInputs, "'\(name)' with entries of at least \(lowest)", "\(list)")
    }
    return list
  }
}
