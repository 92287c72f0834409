internal import LimequatTensor

/// One tensor that will be written: N(mean, deviation^2), each element by itself.
struct TensorPlan: Sendable {
  let name: String
  let shape: [Int]
  let mean: Double
  let deviation: Double
  let type: ElementType

  /// The products are far below 2^63 for the sizes that have names.
  var count: Int { shape.reduce(1, *) }
  var size: Int { count * type.size }
}

extension ModelSizes {
  /// The tensors of formats/limoe-checkpoint.md, section 3, in the order of the forward pass. Kernels have
  /// variance 1 / inputs, so that activations keep their size; the router's is four times that, so that
  /// experts differ. `t` stays f32 in every case: bf16 has no ln 10.
  func tensors(_ type: ElementType) -> [TensorPlan] {
    var plans: [TensorPlan] = []
    func add(_ name: String, _ shape: [Int], _ deviation: Double, mean: Double = 0) {
      plans.append(TensorPlan(name: name, shape: shape, mean: mean, deviation: deviation, type: type))
    }
    func kernel(_ name: String, _ shape: [Int], inputs: Int) {
      add(name, shape, 1 / Double(inputs).squareRoot())
    }
    func norm(_ name: String) {
      add("\(name)/scale", [width], small, mean: 1)
      add("\(name)/bias", [width], small)
    }
    let small = 0.02
    let grid = image / patch
    let perHead = width / heads
    kernel("embedding/kernel", [patch, patch, 3, width], inputs: patch * patch * 3)
    add("embedding/bias", [width], small)
    add("posembed_image/pos_embedding", [1, grid * grid, width], 0.5)
    add("Embed_0/embedding", [vocabulary, width], 1)
    add("posembed_text/pos_embedding", [1, textLength, width], 0.5)
    for layer in 0..<layers {
      let block = "Encoder/encoderblock_\(layer)"
      norm("\(block)/LayerNorm_0")
      for part in ["query", "key", "value"] {
        kernel("\(block)/SelfAttention/\(part)/kernel", [width, heads, perHead], inputs: width)
        add("\(block)/SelfAttention/\(part)/bias", [heads, perHead], small)
      }
      kernel("\(block)/SelfAttention/out/kernel", [heads, perHead, width], inputs: width)
      add("\(block)/SelfAttention/out/bias", [width], small)
      norm("\(block)/LayerNorm_1")
      let isSparse = moeLayers.contains(layer)
      let each = isSparse ? [experts] : []
      let mlp = isSparse ? "\(block)/Moe/Mlp" : "\(block)/Mlp"
      if isSparse {
        add("\(block)/Moe/Router/dense/kernel", [width, experts], 2 / Double(width).squareRoot())
      }
      kernel("\(mlp)/Dense_0/kernel", each + [width, hidden], inputs: width)
      add("\(mlp)/Dense_0/bias", each + [hidden], small)
      kernel("\(mlp)/Dense_1/kernel", each + [hidden, width], inputs: hidden)
      add("\(mlp)/Dense_1/bias", each + [width], small)
    }
    norm("Encoder/encoder_norm")
    kernel("head_image/kernel", [width, projection], inputs: width)
    kernel("head_text/kernel", [width, projection], inputs: width)
    plans.append(TensorPlan(name: "t", shape: [], mean: 2.302585092994046, deviation: 0, type: .f32))
    return plans
  }
}
