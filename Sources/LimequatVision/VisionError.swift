internal import LimequatBytes

/// What can be wrong with an image, with the options of its preprocessing, or with the memory for it.
public indirect enum VisionError: Error, Equatable, Sendable {
  /// The system refused this many bytes of memory.
  case outOfMemory(bytes: Int)
  /// A side is not in 1...65,535, or there are more than 2^28 pixels.
  case imageSides(width: Int, height: Int)
  /// Rows overlap, or the image does not fit into the address space.
  case rowStride(bytes: Int, least: Int)
  /// The output has room for `got` values, and exactly `expected` are made.
  case outputCount(got: Int, expected: Int)
  /// The output's height or width is not in 1...65,535.
  case outputSides(width: Int, height: Int)
  /// The shortest side after resizing is smaller than the crop, or above 65,535; squash has 0.
  case size(got: Int, least: Int)
  /// A side would have `got` pixels after resizing, and 2^24 - 1 is the most.
  case resizedSide(got: Int)
  /// The range, the mean or the standard deviation is not finite, a standard deviation is not above 0, or
  /// only one of mean and standard deviation is given.
  case scaling
}

extension VisionError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .outOfMemory(let bytes): "out of memory: \(bytes) bytes were refused"
    case .imageSides(let width, let height):
      "an image of width \(width) and height \(height): each side must be 1 to \(PixelView.longestSide), "
        + "and the pixels at most \(PixelView.mostPixels)"
    case .rowStride(let bytes, let least):
      "the row stride of an image is \(bytes) bytes: expected at least \(least), and all rows in memory"
    case .outputCount(let got, let expected):
      "the output has room for \(got) values, expected exactly \(expected)"
    case .outputSides(let width, let height):
      "an output of \(width) x \(height) pixels: each side must be 1 to \(PixelView.longestSide)"
    case .size(let got, let least):
      least == 0
        ? "size is \(got), expected 0 when the image is squashed"
        : "size is \(got), expected \(least) to \(PixelView.longestSide)"
    case .resizedSide(let got):
      "a side would have \(got) pixels after resizing, at most \(Geometry.longestResizedSide) are supported"
    case .scaling:
      "the value range, or mean and std together, must be finite numbers with std above 0"
    }
  }
}
