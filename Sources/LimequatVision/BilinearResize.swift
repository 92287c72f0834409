internal import LimequatBytes

/// TensorFlow's bilinear resize with half-pixel centres, cut to 8 bits; every operation rounded to f32.
struct BilinearResize {
  let image: PixelView
  let geometry: Geometry
  /// Of the output.
  let height: Int
  let width: Int

  /// The two pixels that an output lies between, and how far it is from the first.
  private struct Position {
    let before: Int
    let after: Int
    let fraction: Float

    /// Output `index` of an axis that is resized from `input` to `output` pixels.
    init(_ index: Int, from input: Int, to output: Int) {
      let scale = Float(input) / Float(output)
      let x = (Float(index) + 0.5) * scale - 0.5
      let floor = x.rounded(.down)
      // Between -1 and 2^17, so the conversions cannot trap.
      before = min(max(Int(floor), 0), input - 1)
      after = min(max(Int(x.rounded(.up)), 0), input - 1)
      fraction = x - floor
    }
  }

  func run(_ values: borrowing ValueTable, into output: UnsafeMutablePointer<Float>) throws(VisionError) {
    let positions = try scratch(width * MemoryLayout<Position>.stride)
    let line = try scratch(3 * width)
    let across = positions.start.bindMemory(to: Position.self, capacity: width)
    for x in 0..<width {
      (across + x).initialize(to: Position(geometry.left + x, from: image.width, to: geometry.width))
    }
    let result = line.start.assumingMemoryBound(to: UInt8.self)
    for y in 0..<height {
      let down = Position(geometry.top + y, from: image.height, to: geometry.height)
      let upper = image.row(down.before)
      let lower = image.row(down.after)
      for x in 0..<width {
        let position = across[x]
        for channel in 0..<3 {
          let before = 3 * position.before + channel
          let after = 3 * position.after + channel
          let top = mix(Float(upper[before]), Float(upper[after]), position.fraction)
          let bottom = mix(Float(lower[before]), Float(lower[after]), position.fraction)
          result[3 * x + channel] = cut(mix(top, bottom, down.fraction))
        }
      }
      values.write(result, width: width, to: output + y * 3 * width)
    }
  }

  private func mix(_ a: Float, _ b: Float, _ fraction: Float) -> Float { a + (b - a) * fraction }

  /// A mean of bytes with weights of at most 1 lies in 0...255; the bounds are for rounding at its ends.
  private func cut(_ value: Float) -> UInt8 { UInt8(min(max(value, 0), 255)) }
}
