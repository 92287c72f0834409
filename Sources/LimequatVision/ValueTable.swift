internal import LimequatBytes

/// The last step: from 8-bit values, or values on their scale, to the tensor's.
///
/// x / 255 * (high - low) + low, or (x / 255 - mean) / std; every operation is rounded to f32.
struct ValueTable: ~Copyable {
  private let options: PreprocessingOptions
  /// 256 rows of red, green, blue.
  private let buffer: Buffer

  init(_ options: PreprocessingOptions) throws(VisionError) {
    self.options = options
    buffer = try scratch(256 * 3 * MemoryLayout<Float>.stride)
    let table = buffer.start.bindMemory(to: Float.self, capacity: 256 * 3)
    for x in 0..<256 {
      let value = Self.scaled(Float(x), Float(x), Float(x), options)
      table[3 * x] = value.0
      table[3 * x + 1] = value.1
      table[3 * x + 2] = value.2
    }
  }

  /// The values of one pixel whose channels are on the scale of 0 to 255.
  func scaled(_ red: Float, _ green: Float, _ blue: Float) -> (Float, Float, Float) {
    Self.scaled(red, green, blue, options)
  }

  /// A row of `width` pixels of 8 bits.
  func write(
    _ row: UnsafePointer<UInt8>, width: Int, to output: UnsafeMutablePointer<Float>
  ) {
    let table = UnsafePointer(buffer.start.assumingMemoryBound(to: Float.self))
    for x in 0..<width {
      let at = 3 * x
      output[at] = table[3 * Int(row[at])]
      output[at + 1] = table[3 * Int(row[at + 1]) + 1]
      output[at + 2] = table[3 * Int(row[at + 2]) + 2]
    }
  }

  private static func scaled(
    _ red: Float, _ green: Float, _ blue: Float, _ options: PreprocessingOptions
  ) -> (Float, Float, Float) {
    if let mean = options.mean, let std = options.std {
      return (
        (red / 255 - mean.0) / std.0, (green / 255 - mean.1) / std.1, (blue / 255 - mean.2) / std.2
      )
    }
    let range = options.high - options.low
    return (
      red / 255 * range + options.low, green / 255 * range + options.low, blue / 255 * range + options.low
    )
  }
}
