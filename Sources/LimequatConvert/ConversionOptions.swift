internal import LimequatTensor

/// What a caller may ask of a conversion.
public struct ConversionOptions: Sendable {
  /// How matrices and tables are stored. Routers, norms, biases and positions always are f32.
  public enum WeightType: String, Sendable, CaseIterable {
    /// Each in the type that the checkpoint has.
    case keep, f32, f16, bf16
  }

  public var weights = WeightType.keep
  /// Removes a finite expert capacity.
  public var dropless = false
  /// The architecture to read the source as; nil: recognise it.
  public var architecture: Architecture?

  public init() {}

  func type(keeping type: ElementType) -> ElementType {
    switch weights {
    case .keep: type
    case .f32: .f32
    case .f16: .f16
    case .bf16: .bf16
    }
  }
}
