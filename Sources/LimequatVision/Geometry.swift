/// To which sides an image is resized, and which part of that is kept.
struct Geometry {
  /// Of the whole resized image.
  let height: Int
  let width: Int
  /// Where the kept part begins.
  let top: Int
  let left: Int

  /// Sides up to here are exact in f32.
  static let longestResizedSide = (1 << 24) - 1

  /// Image and options have been checked.
  init(_ image: PixelView, _ options: PreprocessingOptions) throws(VisionError) {
    switch options.resize {
    case .squash:
      height = options.height
      width = options.width
      top = 0
      left = 0
    case .shortestSide:
      let factor = Float(options.size) / Float(min(image.height, image.width))
      height = try Self.resized(image.height, by: factor, least: options.height)
      width = try Self.resized(image.width, by: factor, least: options.width)
      top = (height - options.height) / 2
      left = (width - options.width) / 2
    }
  }

  private static func resized(_ side: Int, by factor: Float, least: Int) throws(VisionError) -> Int {
    // At most 65,535 * 65,535 in f32, so the conversion cannot trap.
    let rounded = Int((Float(side) * factor).rounded(.toNearestOrEven))
    // Rounding cannot bring the shortest side below `size`, hence no side below the crop.
    guard rounded >= least, rounded <= longestResizedSide else { throw .resizedSide(got: rounded) }
    return rounded
  }
}
