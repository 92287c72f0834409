/// The sizes of the encoder that both families share; letters as in formats/limoe-checkpoint.md, section 1.
struct TowerConfig {
  /// R
  let side: Int
  /// p
  let patch: Int
  /// D
  let width: Int
  /// H
  let heads: Int
  /// L
  let layers: Int
  /// F
  let hidden: Int
  let epsilon: Float
  let routing: RoutingConfig

  /// g, patches along a side
  var grid: Int { side / patch }
  /// N, patches of an image
  var patches: Int { grid * grid }
  /// Numbers of a patch.
  var patchSize: Int { patch * patch * 3 }
  /// hd
  var headSize: Int { width / heads }

  /// Keys that both families have.
  static let keys = [
    "model_type", "image_size", "patch_size", "hidden_size", "num_heads", "num_layers", "mlp_dim",
    "moe_layers",
    "num_experts", "num_selected_experts", "group_size", "capacity_factor", "capacity_rounding",
    "capacity_multiple", "batch_priority", "bfloat16_dispatch", "normalize_gates", "router_softmax", "gelu",
    "layer_norm_eps", "image_preprocessing", "metadata",
  ]

  init(_ config: inout ConfigObject, isVMoE: Bool, dropless: Bool) throws(ConversionError) {
    // The bound is that of image preprocessing; patchSize then fits by far.
    side = try config.integer("image_size", in: 1...16_384)
    patch = try config.integer("patch_size", in: 1...16_384)
    guard side % patch == 0 else {
      throw config.bad("patch_size", expected: "a divisor of image_size \(side)", found: "\(patch)")
    }
    width = try config.integer("hidden_size")
    heads = try config.integer("num_heads")
    guard width % heads == 0 else {
      throw config.bad("num_heads", expected: "a divisor of hidden_size \(width)", found: "\(heads)")
    }
    layers = try config.integer("num_layers")
    hidden = try config.integer("mlp_dim")
    routing = try RoutingConfig(&config, layers: layers, isVMoE: isVMoE, dropless: dropless)
    epsilon = try config.float("layer_norm_eps", expected: "a number above 0", otherwise: 1e-6) {
      $0 > 0
    }
  }

  func isMoE(_ layer: Int) -> Bool { routing.moeLayers.contains(layer) }
}
