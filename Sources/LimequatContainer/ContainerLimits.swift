/// The limits of formats/container.md, "Limits": every cap of the format in one place.
public enum ContainerLimits {
  public static let headerSize = 64
  public static let majorVersion: UInt16 = 1
  public static let minorVersion: UInt16 = 0

  public static let tensorAlignment = 64
  public static let expertAlignment = 4096
  public static let manifestAlignment = 64

  public static let manifestBytes = 64 << 20
  public static let modelBytes = 16 << 20
  public static let nameBytes = 1024
  public static let metadataValueBytes = 1 << 20

  public static let requiredFeatures = 64
  public static let signatures = 64
  public static let dimensionsPerSignature = 64
  public static let tensors = 1 << 20
  public static let banks = 1 << 14
  public static let expertsPerBank = 1 << 16
  /// Of all banks together.
  public static let experts = 1 << 20
  public static let usagesPerExpert = 16
  public static let imagePreprocessings = 64
  public static let tokenizers = 64
  public static let metadata = 4096

  public static let rank = 8
  /// Each dim of a tensor.
  public static let dim = 1 << 40
  /// Inputs of a panel32 matrix and each width of a bank: an int8 sum of this many products fits 32 bits.
  public static let matrixInputs = 131_072
  /// Bounds of a symbolic dim.
  public static let dimensionBound = 1 << 31 - 1
  public static let embeddingSize = 131_072
  /// Height, width and shortest side of an image.
  public static let imageSide = 16_384
  public static let maximumLength = 131_072
  /// Token ids are below this.
  public static let tokenIds = 1 << 31

  /// Messages in messages: manifest, bank, expert, usage.
  static let messageDepth = 4
  /// What unpacking a manifest of `size` bytes may take.
  static func unpackedBytes(manifest size: Int) -> Int { 1 << 20 + min(size, 8 << 20) * 64 }
}
