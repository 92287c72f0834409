internal import LimequatBytes

/// TensorFlow's area resize: the mean of the pixels under an output, each by the part of it that is covered.
/// The result stays f32; every operation is rounded to f32, in the order of formats/preprocessing.md.
struct AreaResize {
  let image: PixelView
  let geometry: Geometry
  /// Of the output.
  let height: Int
  let width: Int

  /// The pixels start..<end of one axis under an output.
  private struct Cover {
    let start: Int
    let end: Int
    private let low: Float
    private let high: Float
    private let scale: Float

    /// Output `index` of an axis; `scale` is input pixels for each output pixel.
    init(_ index: Int, scale: Float) {
      low = Float(index) * scale
      high = Float(index + 1) * scale
      self.scale = scale
      // Not above 2^17, so the conversions cannot trap.
      start = Int(low.rounded(.down))
      end = max(Int(high.rounded(.up)), start + 1)
    }

    /// How much of pixel `index` is covered.
    func length(_ index: Int) -> Float {
      let at = Float(index)
      if at < low { return at + 1 > high ? scale : at + 1 - low }
      return at + 1 > high ? high - at : 1
    }
  }

  func run(_ values: borrowing ValueTable, into output: UnsafeMutablePointer<Float>) throws(VisionError) {
    let vertical = Float(image.height) / Float(geometry.height)
    let horizontal = Float(image.width) / Float(geometry.width)
    let factor = 1 / (vertical * horizontal)
    let covers = try scratch(width * MemoryLayout<Cover>.stride)
    let across = covers.start.bindMemory(to: Cover.self, capacity: width)
    for x in 0..<width { (across + x).initialize(to: Cover(geometry.left + x, scale: horizontal)) }
    for y in 0..<height {
      let down = Cover(geometry.top + y, scale: vertical)
      for x in 0..<width {
        var sum = SIMD4<Float>()
        for row in down.start..<down.end {
          let line = image.row(min(row, image.height - 1))
          sum += rowSum(line, across[x]) * down.length(row)
        }
        sum *= factor
        let value = values.scaled(sum.x, sum.y, sum.z)
        let at = (y * width + x) * 3
        output[at] = value.0
        output[at + 1] = value.1
        output[at + 2] = value.2
      }
    }
  }

  private func rowSum(_ line: UnsafePointer<UInt8>, _ cover: Cover) -> SIMD4<Float> {
    var sum = pixel(line, cover.start) * cover.length(cover.start)
    let last = cover.end - 1
    guard last > cover.start else { return sum }
    for x in cover.start + 1..<last { sum += pixel(line, x) }
    return sum + pixel(line, last) * cover.length(last)
  }

  private func pixel(_ line: UnsafePointer<UInt8>, _ x: Int) -> SIMD4<Float> {
    let at = line + 3 * min(x, image.width - 1)
    return SIMD4(Float(at[0]), Float(at[1]), Float(at[2]), 0)
  }
}
