/// Resizes, crops and scales an image: 8-bit RGB in, f32 (height, width, 3) out, by formats/preprocessing.md.
///
/// `output` has exactly height * width * 3 values. Scratch memory is for a few rows of the output.
public func preprocess(
  _ image: PixelView, _ options: PreprocessingOptions, into output: UnsafeMutableBufferPointer<Float>
) throws(VisionError) {
  try image.check()
  let count = try options.checkedCount()
  guard output.count == count, let start = output.baseAddress else {
    throw .outputCount(got: output.count, expected: count)
  }
  let geometry = try Geometry(image, options)
  let values = try ValueTable(options)
  let (height, width) = (options.height, options.width)
  switch options.interpolation {
  case .bilinearAntialias, .bicubic:
    let filter: ResampleFilter = options.interpolation == .bicubic ? .bicubic : .bilinear
    try PillowResize(image: image, geometry: geometry, filter: filter, height: height, width: width)
      .run(values, into: start)
  case .bilinear:
    try BilinearResize(image: image, geometry: geometry, height: height, width: width)
      .run(values, into: start)
  case .area:
    try AreaResize(image: image, geometry: geometry, height: height, width: width)
      .run(values, into: start)
  }
}
