internal import LimequatBytes

/// Pillow's `Image.resize` with antialias, for the part of the result that the crop keeps.
///
/// Two passes, horizontal and then vertical, each to 8 bits; a pass whose axis keeps its size is left out.
/// Rows of the first pass are made when the second needs them and live in a ring, so that scratch memory
/// depends on the output's width and the filter, not on the image.
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
        let line = firstPass(across, row: geometry.top + y, into: pointer(row))
        values.write(line, width: width, to: output + y * rowBytes)
      }
      return
    }
    let down = try ResampleAxis(
      from: image.height, to: geometry.height, first: geometry.top, count: height, filter: filter)
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
        line[slot] = firstPass(across, row: made, into: pointer(ring) + slot * rowBytes)
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

  /// A row of the image, resized horizontally and cropped; 3 * width bytes, in `line` or in the image.
  private func firstPass(
    _ across: borrowing ResampleAxis?, row: Int, into line: UnsafeMutablePointer<UInt8>
  ) -> UnsafePointer<UInt8> {
    let source = image.row(row)
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
