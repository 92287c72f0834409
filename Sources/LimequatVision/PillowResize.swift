internal import LimequatBytes

/// Pillow's `Image.resize` with antialias, for the part of the result that the crop keeps.
///
/// Two passes, each to 8 bits; a pass whose axis keeps its size is left out. The horizontal one is first, but
/// for images that shrink far more in height (Pillow 13.0, `ImagingResampleInner`). Rows of the horizontal
/// pass are made when the vertical needs them and live in a ring, so that scratch memory depends on the
/// output's width and the filter, not on the image; the other order holds one row of the image.
struct PillowResize {
  let image: PixelView
  let geometry: Geometry
  let filter: ResampleFilter
  /// Of the output.
  let height: Int
  let width: Int

  func run(_ values: borrowing ValueTable, into output: UnsafeMutablePointer<Float>) throws(VisionError) {
    let across = geometry.width == image.width ? nil : try horizontalAxis()
    let rowBytes = 3 * width
    guard geometry.height != image.height else {
      let row = try scratch(rowBytes)
      for y in 0..<height {
        let line = horizontal(across, image.row(geometry.top + y), into: pointer(row))
        values.write(line, width: width, to: output + y * rowBytes)
      }
      return
    }
    let down = try ResampleAxis(
      from: image.height, to: geometry.height, first: geometry.top, count: height, filter: filter)
    if isVerticalFirst { return try runVerticalFirst(down, across, values, into: output) }
    let ring = try scratch(down.mostTaps * rowBytes)  // below 2^18 * 2^18
    let row = try scratch(rowBytes)
    let sums = try scratch(rowBytes * MemoryLayout<Int32>.stride)
    let sum = sums.start.bindMemory(to: Int32.self, capacity: rowBytes)
    let lines = try scratch(down.mostTaps * MemoryLayout<UnsafePointer<UInt8>>.stride)
    let line = lines.start.bindMemory(to: UnsafePointer<UInt8>.self, capacity: down.mostTaps)
    var made = 0
    for y in 0..<height {
      let (start, taps, weights) = down.taps(y)
      // Starts never go back, so a row that left the ring is not needed again.
      made = max(made, start)
      while made < start + taps {
        let slot = made % down.mostTaps
        line[slot] = horizontal(across, image.row(made), into: pointer(ring) + slot * rowBytes)
        made += 1
      }
      sum.update(repeating: ResampleAxis.half, count: rowBytes)
      for tap in 0..<taps {
        add(line[(start + tap) % down.mostTaps], times: weights[tap], to: sum, count: rowBytes)
      }
      let result = pointer(row)
      for x in 0..<rowBytes { result[x] = ResampleAxis.clip(sum[x]) }
      values.write(result, width: width, to: output + y * rowBytes)
    }
  }

  private func horizontalAxis() throws(VisionError) -> ResampleAxis {
    try ResampleAxis(
      from: image.width, to: geometry.width, first: geometry.left, count: width, filter: filter)
  }

  /// The height shrinks by more than twice as much as the width.
  private var isVerticalFirst: Bool {
    let shrinks = image.height - geometry.height
    return shrinks > 0 && shrinks > 2 * (image.width - geometry.width)
  }

  private func runVerticalFirst(
    _ down: borrowing ResampleAxis, _ across: borrowing ResampleAxis?, _ values: borrowing ValueTable,
    into output: UnsafeMutablePointer<Float>
  ) throws(VisionError) {
    let count = 3 * image.width  // at most 3 * 65,535
    let line = try scratch(count)
    let row = try scratch(3 * width)
    let sums = try scratch(count * MemoryLayout<Int32>.stride)
    let sum = sums.start.bindMemory(to: Int32.self, capacity: count)
    for y in 0..<height {
      let (start, taps, weights) = down.taps(y)
      sum.update(repeating: ResampleAxis.half, count: count)
      for tap in 0..<taps { add(image.row(start + tap), times: weights[tap], to: sum, count: count) }
      let whole = pointer(line)
      for x in 0..<count { whole[x] = ResampleAxis.clip(sum[x]) }
      let result = horizontal(across, UnsafePointer(whole), into: pointer(row))
      values.write(result, width: width, to: output + y * 3 * width)
    }
  }

  /// A row as wide as the image, resized horizontally and cropped; 3 * width bytes, in `line` or in the row.
  private func horizontal(
    _ across: borrowing ResampleAxis?, _ source: UnsafePointer<UInt8>, into line: UnsafeMutablePointer<UInt8>
  ) -> UnsafePointer<UInt8> {
    switch across {
    case .none: return source + 3 * geometry.left
    case .some(let across):
      for x in 0..<width {
        let (start, taps, weights) = across.taps(x)
        var pixel = source + 3 * start
        var red = ResampleAxis.half
        var green = ResampleAxis.half
        var blue = ResampleAxis.half
        // No overflow: 255 times the sum of the weights' magnitudes, about 1.3 * 2^22, is below 2^31.
        for tap in 0..<taps {
          let weight = weights[tap]
          red &+= Int32(pixel[0]) &* weight
          green &+= Int32(pixel[1]) &* weight
          blue &+= Int32(pixel[2]) &* weight
          pixel += 3
        }
        line[3 * x] = ResampleAxis.clip(red)
        line[3 * x + 1] = ResampleAxis.clip(green)
        line[3 * x + 2] = ResampleAxis.clip(blue)
      }
      return UnsafePointer(line)
    }
  }

  private func add(
    _ line: UnsafePointer<UInt8>, times weight: Int32, to sum: UnsafeMutablePointer<Int32>, count: Int
  ) {
    // No overflow, for the same reason.
    for x in 0..<count { sum[x] &+= Int32(line[x]) &* weight }
  }

  private func pointer(_ buffer: borrowing Buffer) -> UnsafeMutablePointer<UInt8> {
    buffer.start.assumingMemoryBound(to: UInt8.self)
  }
}
