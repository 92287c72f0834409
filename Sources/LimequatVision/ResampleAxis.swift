internal import LimequatBytes

/// The two filters of Pillow's `Image.resize` that are used here.
enum ResampleFilter {
  case bilinear, bicubic

  /// Half the width, in pixels of the coarser of the two images.
  var support: Double {
    switch self {
    case .bilinear: 1
    case .bicubic: 2
    }
  }

  /// Bicubic is Keys' with a = -0.5.
  func weight(_ distance: Double) -> Double {
    let x = abs(distance)
    switch self {
    case .bilinear: return x < 1 ? 1 - x : 0
    case .bicubic:
      let a = -0.5
      if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
      if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
      return 0
    }
  }
}

/// One axis of Pillow's resize: which pixels each output reads, and with which fixed-point weights.
///
/// The order of every operation is Pillow's (formats/preprocessing.md), because equal bits depend on it.
struct ResampleAxis: ~Copyable {
  /// Of the fraction of a weight.
  static let precision: Int32 = 22

  /// The most pixels that one output reads.
  let mostTaps: Int
  /// Distance in `weights` from output to output.
  private let stride: Int
  private let spans: Buffer
  private let weights: Buffer

  /// For the outputs first..<first+count of an axis that is resized from `input` to `output` pixels.
  init(
    from input: Int, to output: Int, first: Int, count: Int, filter: ResampleFilter
  ) throws(VisionError) {
    let scale = Double(input) / Double(output)
    let filterScale = max(scale, 1)
    let support = filter.support * filterScale
    let inverse = 1 / filterScale
    // At most 2 * 2 * 65,535 + 1; count * stride stays near 4 * input + 5 * output, which fits.
    let stride = Int(support.rounded(.up)) * 2 + 1
    let spans = try scratch(count * 2 * MemoryLayout<Int32>.stride)
    let weights = try scratch(count * stride * MemoryLayout<Int32>.stride)
    let exact = try scratch(stride * MemoryLayout<Double>.stride)
    let span = spans.start.bindMemory(to: Int32.self, capacity: count * 2)
    let weight = weights.start.bindMemory(to: Int32.self, capacity: count * stride)
    let raw = exact.start.bindMemory(to: Double.self, capacity: stride)

    var most = 0
    for index in 0..<count {
      let center = (Double(first + index) + 0.5) * scale
      // Both conversions cut towards zero, as C does; the values are below 2^18.
      let start = max(Int(center - support + 0.5), 0)
      let end = min(Int(center + support + 0.5), input)
      let taps = min(max(end - start, 0), stride)
      var sum = 0.0
      for tap in 0..<taps {
        let value = filter.weight((Double(tap + start) - center + 0.5) * inverse)
        raw[tap] = value
        sum += value
      }
      for tap in 0..<taps {
        let value = (sum != 0 ? raw[tap] / sum : raw[tap]) * Double(1 << Self.precision)
        let rounded = value < 0 ? -0.5 + value : 0.5 + value
        // Pillow has no bound here and needs none: the nearest pixel keeps the sum away from zero.
        weight[index * stride + tap] = Int32(min(max(rounded, -0x1p30), 0x1p30))
      }
      span[2 * index] = Int32(truncatingIfNeeded: start)  // below 2^16
      span[2 * index + 1] = Int32(truncatingIfNeeded: taps)
      most = max(most, taps)
    }
    mostTaps = most
    self.stride = stride
    self.spans = spans
    self.weights = weights
  }

  /// What output `first + index` reads: `taps` pixels from `start` on, with these weights.
  func taps(_ index: Int) -> (start: Int, taps: Int, weights: UnsafePointer<Int32>) {
    let span = spans.start.assumingMemoryBound(to: Int32.self) + 2 * index
    let weight = weights.start.assumingMemoryBound(to: Int32.self) + index * stride
    return (Int(span[0]), Int(span[1]), UnsafePointer(weight))
  }

  /// From a sum that began with `half` to 8 bits.
  static func clip(_ sum: Int32) -> UInt8 {
    UInt8(truncatingIfNeeded: min(max(sum >> precision, 0), 255))
  }
  static let half: Int32 = 1 << (precision - 1)
}
