internal import CLimequatSchema

/// From 8-bit RGB to the tensor that a signature takes: resize, crop, then
/// `x / 255 * (high - low) + low`, or with mean and std `(x / 255 - mean) / std` per channel.
public struct ImagePreprocessing: Sendable, Equatable {
  public enum Resize: Int32, Sendable {
    /// To width x height, aspect ignored.
    case squash = 1
    /// The shortest side to `size`, then the centre is cut out.
    case shortestSide = 2
  }

  public enum Interpolation: Int32, Sendable {
    /// Pillow's BILINEAR.
    case bilinearAntialias = 1
    /// Pillow's BICUBIC.
    case bicubic = 2
    /// TensorFlow's, half-pixel centres, cut to 8 bits.
    case bilinear = 3
    /// TensorFlow's.
    case area = 4
  }

  /// A number for each of red, green and blue.
  public struct Channels: Sendable, Equatable {
    public var red, green, blue: Float

    public init(_ red: Float, _ green: Float, _ blue: Float) {
      self.red = red
      self.green = green
      self.blue = blue
    }
  }

  public var height: Int
  public var width: Int
  public var resize: Resize
  /// The shortest side after resizing; 0 for `squash`.
  public var size: Int
  public var interpolation: Interpolation
  public var low: Float
  public var high: Float
  /// With `std`, or neither; then `low` and `high` are 0.
  public var mean: Channels?
  /// Each above 0.
  public var std: Channels?

  public init(
    height: Int, width: Int, resize: Resize, size: Int = 0, interpolation: Interpolation, low: Float = 0,
    high: Float = 0, mean: Channels? = nil, std: Channels? = nil
  ) {
    self.height = height
    self.width = width
    self.resize = resize
    self.size = size
    self.interpolation = interpolation
    self.low = low
    self.high = high
    self.mean = mean
    self.std = std
  }
}

extension ImagePreprocessing {
  /// Nil only for a message that the rules refuse.
  init?(_ message: UnsafePointer<Limequat__ImagePreprocessing>) {
    let fields = message.pointee
    guard let resize = Resize(rawValue: Int32(truncatingIfNeeded: fields.resize.rawValue)),
      let interpolation = Interpolation(rawValue: Int32(truncatingIfNeeded: fields.interpolation.rawValue))
    else { return nil }
    self.init(
      height: Int(fields.height), width: Int(fields.width), resize: resize, size: Int(fields.size),
      interpolation: interpolation, low: fields.low, high: fields.high,
      mean: Channels(fields.mean, count: fields.n_mean), std: Channels(fields.std, count: fields.n_std))
  }
}

extension ImagePreprocessing.Channels {
  init?(_ values: UnsafeMutablePointer<Float>?, count: Int) {
    guard let values, count == 3 else { return nil }
    self.init(values[0], values[1], values[2])
  }

  func allSatisfy(_ condition: (Float) -> Bool) -> Bool {
    condition(red) && condition(green) && condition(blue)
  }
}
