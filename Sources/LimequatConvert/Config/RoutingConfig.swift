internal import LimequatCheckpoint
internal import LimequatGraph

/// The keys that say how tokens choose experts; both families have them (formats/limoe-checkpoint.md,
/// section 2).
struct RoutingConfig {
  let moeLayers: [Int]
  /// 0 for a dense model that states none.
  let experts: Int
  /// K
  let selected: Int
  private let group: Group
  private let capacityFactor: Double
  private let capacityRounding: SparseMoEAttributes.CapacityRounding
  private let capacityMultiple: Int
  private let batchPriority: Bool
  private let bfloat16Dispatch: Bool
  private let normalizeGates: Bool
  private let softmax: SparseMoEAttributes.Softmax
  let gelu: Operator.GeluForm

  private enum Group {
    case item, batch
    case tokens(Int)
  }

  /// A capacity that can drop tokens is asked for.
  var isFinite: Bool { capacityFactor > 0 }

  /// `hasGroup`: group_size is required, as in V-MoE folders; so are the counts of experts.
  init(_ config: inout ConfigObject, layers: Int, isVMoE: Bool, dropless: Bool) throws(ConversionError) {
    moeLayers = try RoutingConfig.layers(&config, count: layers)
    if isVMoE || !moeLayers.isEmpty || config.has("num_experts") || config.has("num_selected_experts") {
      experts = try config.integer("num_experts")
      selected = try config.integer("num_selected_experts", in: 1...experts)
    } else {
      experts = 0
      selected = 0
    }
    group = try RoutingConfig.group(&config, isRequired: isVMoE)
    let factor = try RoutingConfig.capacityFactor(&config)
    capacityFactor = dropless ? 0 : factor
    capacityRounding = try config.choice(
      "capacity_rounding", ["ceil": .ceil, "round": .round], otherwise: .ceil)
    capacityMultiple = try config.integerOrNull("capacity_multiple", otherwise: 4) ?? 1
    batchPriority = try config.boolean("batch_priority", otherwise: false)
    bfloat16Dispatch = try config.boolean("bfloat16_dispatch", otherwise: false)
    normalizeGates = try config.boolean("normalize_gates", otherwise: false)
    softmax = try config.choice("router_softmax", ["all": .all, "kept": .kept], otherwise: .all)
    gelu = try config.choice("gelu", ["tanh": .tanh, "erf": .erf], otherwise: .tanh)
  }

  /// The operator's attributes for items of `length` tokens. Where the capacity reaches the group nothing can
  /// drop, and the model is said to be dropless, so that any number of tokens runs.
  func attributes(length: Int) -> SparseMoEAttributes {
    var attributes = SparseMoEAttributes(
      k: selected, activation: gelu == .tanh ? .geluTanh : .gelu, normalizeGates: normalizeGates,
      softmax: softmax, dispatchBF16: bfloat16Dispatch)
    let size: Int?
    switch group {
    case .item: (attributes.group, size) = (.sequence, length)
    case .batch: (attributes.group, size) = (.call, nil)
    case .tokens(let count): (attributes.group, size) = (.tokens(count), count)
    }
    if isFinite, !(size.map(reaches) ?? false) {
      attributes.capacityFactor = capacityFactor
      attributes.capacityRounding = capacityRounding
      attributes.capacityMultiple = capacityMultiple
      attributes.batchPriority = batchPriority
    } else {
      attributes.group = .sequence
    }
    return attributes
  }

  /// Whether the capacity of a group of `size` tokens is at least `size`. Computed in f64, from left to
  /// right.
  private func reaches(_ size: Int) -> Bool {
    let exact = Double(size) * Double(selected) * capacityFactor / Double(experts)
    let whole = exact.rounded(capacityRounding == .ceil ? .up : .toNearestOrEven)
    guard whole >= 1 else { return false }  // an error of the call, not of the model
    guard whole < Double(size) else { return true }
    // Both are below 2^31.
    return (Int(whole) + capacityMultiple - 1) / capacityMultiple * capacityMultiple >= size
  }

  private static func layers(_ config: inout ConfigObject, count: Int) throws(ConversionError) -> [Int] {
    let expected = "strictly ascending integers from 0 to \(count - 1)"
    guard let list = config.take("moe_layers") else {
      throw config.bad("moe_layers", expected: "\(expected) (the key is required)", found: "nothing")
    }
    guard list.kind == .array else { throw config.bad("moe_layers", expected: expected, found: list.shown) }
    var layers: [Int] = []
    for index in 0..<list.count {
      guard let layer = list.element(index)?.integer, layer > layers.last ?? -1, layer < count else {
        throw config.bad("moe_layers", expected: expected, found: list.element(index)?.shown ?? "nothing")
      }
      layers.append(layer)
    }
    return layers
  }

  private static func group(_ config: inout ConfigObject, isRequired: Bool) throws(ConversionError) -> Group {
    let positive = ConfigObject.positive
    let expected = "\"item\", \"batch\" or an integer from \(positive.lowerBound) to \(positive.upperBound)"
    guard let found = config.take("group_size") else {
      guard !isRequired else {
        throw config.bad("group_size", expected: "\(expected) (the key is required)", found: "nothing")
      }
      return .item
    }
    if found.string == "item" { return .item }
    if found.string == "batch" { return .batch }
    guard let size = found.integer, positive.contains(size) else {
      throw config.bad("group_size", expected: expected, found: found.shown)
    }
    return .tokens(size)
  }

  /// 0: dropless, as with more than f32 holds: the capacity of each of less than 2^31 experts is then never
  /// reached.
  private static func capacityFactor(_ config: inout ConfigObject) throws(ConversionError) -> Double {
    guard let found = config.take("capacity_factor"), found.kind != .null else { return 0 }
    guard let factor = found.number, factor >= 0 else {
      throw config.bad("capacity_factor", expected: "a number of at least 0, or null", found: found.shown)
    }
    return factor > Double(Float.greatestFiniteMagnitude) ? 0 : factor
  }
}
