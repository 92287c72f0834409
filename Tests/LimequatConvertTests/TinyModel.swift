import LimequatConvert
import LimequatTestSupport

/// A model small enough to be written anew for every test: names and shapes as formats/limoe-checkpoint.md
/// lists them for this configuration, all weights zero.
struct TinyModel {
  var config: [String: String]
  var tensors: [String: SafetensorsBuilder.Tensor]

  /// D 4, H 2, F 6, E 2, one dense and one sparse layer.
  private static let tower = [
    "image_size": "4", "patch_size": "2", "hidden_size": "4", "num_heads": "2", "num_layers": "2",
    "mlp_dim": "6", "moe_layers": "[1]", "num_experts": "2", "num_selected_experts": "1",
  ]

  static var limoe: TinyModel {
    let config = tower.merging(
      ["model_type": "\"limoe\"", "vocab_size": "64", "text_length": "3", "projection_size": "5"]
    ) { $1 }
    let own = [
      "posembed_image/pos_embedding": [1, 4, 4], "Embed_0/embedding": [64, 4],
      "posembed_text/pos_embedding": [1, 3, 4], "head_image/kernel": [4, 5], "head_text/kernel": [4, 5],
      "t": [],
    ]
    return TinyModel(config: config, tensors: towerTensors.merging(own) { $1 }.mapValues { .f32($0) })
  }

  static var vmoe: TinyModel {
    let config = tower.merging(
      ["num_classes": "3", "group_size": "\"item\"", "classifier": "\"token\""]
    ) { $1 }
    let own = [
      "cls": [1, 1, 4], "Encoder/posembed_input/pos_embedding": [1, 5, 4], "head/kernel": [4, 3],
      "head/bias": [3],
    ]
    return TinyModel(config: config, tensors: towerTensors.merging(own) { $1 }.mapValues { .f32($0) })
  }

  private static var towerTensors: [String: [Int]] {
    var shapes: [String: [Int]] = [
      "embedding/kernel": [2, 2, 3, 4], "embedding/bias": [4],
      "Encoder/encoder_norm/scale": [4], "Encoder/encoder_norm/bias": [4],
    ]
    for layer in 0..<2 {
      let block = "Encoder/encoderblock_\(layer)"
      for norm in ["LayerNorm_0", "LayerNorm_1"] {
        shapes["\(block)/\(norm)/scale"] = [4]
        shapes["\(block)/\(norm)/bias"] = [4]
      }
      for part in ["query", "key", "value"] {
        shapes["\(block)/SelfAttention/\(part)/kernel"] = [4, 2, 2]
        shapes["\(block)/SelfAttention/\(part)/bias"] = [2, 2]
      }
      shapes["\(block)/SelfAttention/out/kernel"] = [2, 2, 4]
      shapes["\(block)/SelfAttention/out/bias"] = [4]
    }
    let dense = "Encoder/encoderblock_0/Mlp"
    shapes["\(dense)/Dense_0/kernel"] = [4, 6]
    shapes["\(dense)/Dense_0/bias"] = [6]
    shapes["\(dense)/Dense_1/kernel"] = [6, 4]
    shapes["\(dense)/Dense_1/bias"] = [4]
    let sparse = "Encoder/encoderblock_1/Moe"
    shapes["\(sparse)/Router/dense/kernel"] = [4, 2]
    shapes["\(sparse)/Mlp/Dense_0/kernel"] = [2, 4, 6]
    shapes["\(sparse)/Mlp/Dense_0/bias"] = [2, 6]
    shapes["\(sparse)/Mlp/Dense_1/kernel"] = [2, 6, 4]
    shapes["\(sparse)/Mlp/Dense_1/bias"] = [2, 4]
    return shapes
  }

  var configText: String {
    "{" + config.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
  }

  func write(to folder: TemporaryFolder) throws {
    try folder.write("config.json", text: configText)
    try folder.write("model.safetensors", SafetensorsBuilder.file(tensors))
  }

  /// Sets one f32 of a tensor.
  mutating func set(_ name: String, _ element: Int, to value: Float) {
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes in
      for (place, byte) in bytes.enumerated() { tensors[name]?.bytes[4 * element + place] = byte }
    }
  }
}

/// What the converter says about a folder; nil when it plans (and, if asked, writes) it.
func complaint(
  _ folder: TemporaryFolder, options: ConversionOptions = .init(), writes: Bool = false
) -> String? {
  do throws(ConversionError) {
    let plan = try Conversion.plan(source: folder.path, options: options)
    if writes { try plan.write(to: folder.file("out.lmq")) }
    return nil
  } catch { return error.description }
}
