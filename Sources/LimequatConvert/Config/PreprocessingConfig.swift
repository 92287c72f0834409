internal import LimequatCheckpoint
internal import LimequatContainer

extension ImagePreprocessing {
  /// Reads `image_preprocessing` (formats/limoe-checkpoint.md, section 7); nil for null.
  static func read(_ config: inout ConfigObject, side: Int) throws(ConversionError) -> ImagePreprocessing? {
    guard var keys = try config.object("image_preprocessing") else { return nil }
    let resize: Resize = try keys.choice("resize", ["squash": .squash, "shortest_side": .shortestSide])
    let isSquash = resize == .squash
    let size = try keys.integer(
      "size", in: side...(isSquash ? side : ContainerLimits.imageSide), otherwise: side)
    if isSquash {
      _ = try keys.choice("crop", ["none": ()], otherwise: ())
    } else {
      _ = try keys.choice("crop", ["center": ()], otherwise: ())
    }
    let interpolation: Interpolation = try keys.choice(
      "interpolation",
      ["bilinear_antialias": .bilinearAntialias, "bicubic": .bicubic, "bilinear": .bilinear, "area": .area])
    var result = ImagePreprocessing(
      height: side, width: side, resize: resize, size: isSquash ? 0 : size, interpolation: interpolation)
    let range = try keys.floats("value_range", count: 2)
    let mean = try keys.floats("mean", count: 3)
    let std = try keys.floats("std", count: 3)
    if let range, range[0] >= range[1] {
      throw keys.bad(
        "value_range", expected: "two numbers in ascending order", found: "\(range[0]), \(range[1])")
    }
    if let mean, let std {
      guard range == nil else {
        throw keys.bad("value_range", expected: "no such key beside mean and std", found: "both")
      }
      guard std.allSatisfy({ $0 > 0 }) else {
        throw keys.bad("std", expected: "numbers above 0", found: "\(std.min() ?? 0)")
      }
      result.mean = Channels(mean[0], mean[1], mean[2])
      result.std = Channels(std[0], std[1], std[2])
    } else {
      guard mean == nil, std == nil else {
        throw keys.bad(
          mean == nil ? "mean" : "std", expected: "both of mean and std, or none", found: "nothing")
      }
      (result.low, result.high) = range.map { ($0[0], $0[1]) } ?? (-1, 1)
    }
    try keys.finish()
    return result
  }
}

/// Reads `metadata`: strings that go into the output as they are.
func readMetadata(_ config: inout ConfigObject) throws(ConversionError) -> [(key: String, value: String)] {
  guard let object = try config.object("metadata", nullable: false) else { return [] }
  var metadata: [(key: String, value: String)] = []
  try object.value.forEachMember { (key, value) throws(ConversionError) in
    guard let text = value.string else { throw object.bad(key, expected: "a string", found: value.shown) }
    guard (1...ContainerLimits.nameBytes).contains(key.utf8.count) else {
      throw object.bad(
        key, expected: "a key of 1 to \(ContainerLimits.nameBytes) bytes", found: "\(key.utf8.count)")
    }
    metadata.append((key, text))
  }
  guard metadata.count <= ContainerLimits.metadata else {
    throw config.bad(
      "metadata", expected: "at most \(ContainerLimits.metadata) keys", found: "\(metadata.count)")
  }
  return metadata
}
