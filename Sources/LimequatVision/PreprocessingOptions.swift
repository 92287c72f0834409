/// How pixels become the tensor that a signature takes: formats/preprocessing.md.
public struct PreprocessingOptions: Sendable {
  public enum Resize: Sendable {
    /// To width x height, aspect ignored.
    case squash
    /// The shortest side to `size`, then the centre is cropped.
    case shortestSide
  }
  public enum Interpolation: Sendable {
    /// Pillow's BILINEAR.
    case bilinearAntialias
    /// Pillow's BICUBIC.
    case bicubic
    /// TensorFlow's bilinear with half-pixel centres, cut to 8 bits.
    case bilinear
    /// TensorFlow's area.
    case area
  }

  /// Of the output, in pixels.
  public var height: Int
  /// Of the output, in pixels.
  public var width: Int
  public var resize: Resize
  /// `shortestSide`: the shortest side after resizing, in pixels. `squash`: 0.
  public var size: Int
  public var interpolation: Interpolation
  /// What 0 becomes; not looked at when there is a mean.
  public var low: Float
  /// What 255 becomes; not looked at when there is a mean.
  public var high: Float
  /// Red, green, blue, on the scale of 0 to 1. Both mean and std, or neither.
  public var mean: (Float, Float, Float)?
  /// Each above 0.
  public var std: (Float, Float, Float)?

  public init(
    height: Int, width: Int, resize: Resize, size: Int = 0, interpolation: Interpolation,
    low: Float = -1, high: Float = 1, mean: (Float, Float, Float)? = nil, std: (Float, Float, Float)? = nil
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

  /// Of the output: height * width * 3. Checks every option.
  public func checkedCount() throws(VisionError) -> Int {
    let longest = PixelView.longestSide
    guard 1...longest ~= height, 1...longest ~= width else {
      throw .outputSides(width: width, height: height)
    }
    switch resize {
    case .squash:
      guard size == 0 else { throw .size(got: size, least: 0) }
    case .shortestSide:
      let least = max(height, width)
      guard least...longest ~= size else { throw .size(got: size, least: least) }
    }
    switch (mean, std) {
    case (nil, nil):
      guard low.isFinite, high.isFinite, (high - low).isFinite else { throw .scaling }
    case (let mean?, let std?):
      guard mean.0.isFinite, mean.1.isFinite, mean.2.isFinite else { throw .scaling }
      guard std.0.isFinite, std.1.isFinite, std.2.isFinite else { throw .scaling }
      guard std.0 > 0, std.1 > 0, std.2 > 0 else { throw .scaling }
    default: throw .scaling
    }
    return height * width * 3  // both below 2^16
  }
}
