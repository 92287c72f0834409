/// The sizes of a LIMoE: one tower for images and texts, top-1 experts in some layers.
public struct ModelSizes: Sendable {
  public var layers: Int
  public var width: Int
  public var heads: Int
  /// The hidden size of dense MLPs and of experts.
  public var hidden: Int
  public var experts: Int
  /// Ascending, from 0.
  public var moeLayers: [Int]
  /// Side of a patch, a divisor of ``image``.
  public var patch: Int
  /// Side of an image in pixels.
  public var image = 224
  public var vocabulary = 32_000
  public var textLength = 16
  public var projection = 512

  public init(
    layers: Int, width: Int, heads: Int, hidden: Int, experts: Int, moeLayers: [Int], patch: Int
  ) {
    self.layers = layers
    self.width = width
    self.heads = heads
    self.hidden = hidden
    self.experts = experts
    self.moeLayers = moeLayers
    self.patch = patch
  }
}

/// The models that have names. S/32 to H/14 are those of the LIMoE article, where it states them.
public enum NamedModel: String, CaseIterable, Sendable {
  case limoeS32 = "limoe-s32"
  case limoeB16 = "limoe-b16"
  case limoeL16 = "limoe-l16"
  case limoeH14 = "limoe-h14"

  public var sizes: ModelSizes {
    switch self {
    case .limoeS32: odd(layers: 8, from: 1, width: 512, heads: 8, hidden: 2048, experts: 8, patch: 32)
    case .limoeB16: odd(layers: 12, from: 1, width: 768, heads: 12, hidden: 3072, experts: 32, patch: 16)
    case .limoeL16: odd(layers: 24, from: 1, width: 1024, heads: 16, hidden: 4096, experts: 32, patch: 16)
    case .limoeH14: odd(layers: 32, from: 9, width: 1280, heads: 16, hidden: 5120, experts: 32, patch: 14)
    }
  }

  /// Experts in every second layer from `from` on.
  private func odd(
    layers: Int, from: Int, width: Int, heads: Int, hidden: Int, experts: Int, patch: Int
  ) -> ModelSizes {
    ModelSizes(
      layers: layers, width: width, heads: heads, hidden: hidden, experts: experts,
      moeLayers: Array(stride(from: from, to: layers, by: 2)), patch: patch)
  }
}
