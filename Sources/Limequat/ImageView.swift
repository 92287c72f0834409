internal import LimequatContainer
internal import LimequatVision

/// An image in the caller's memory: 8-bit RGB, rows from top to bottom, three bytes a pixel. Borrows the
/// memory, which stays as it is during a call.
public struct ImageView {
  public var start: UnsafeRawPointer
  /// In pixels.
  public var width: Int
  /// In pixels.
  public var height: Int
  /// Bytes from one row to the next.
  public var rowStride: Int

  /// `rowStride` 0: rows lie one after the other.
  public init(start: UnsafeRawPointer, width: Int, height: Int, rowStride: Int = 0) {
    self.start = start
    self.width = width
    self.height = height
    self.rowStride = rowStride == 0 ? width.multipliedReportingOverflow(by: 3).partialValue : rowStride
  }

  var pixels: PixelView {
    PixelView(start: start, width: width, height: height, rowStride: rowStride)
  }

  /// The bytes from the first pixel to the last; nil when the sizes are refused.
  package var bytes: UnsafeRawBufferPointer? {
    guard width > 0, width <= PixelView.longestSide, height > 0, height <= PixelView.longestSide,
      rowStride >= 3 * width
    else { return nil }
    let (rows, overflow) = (height - 1).multipliedReportingOverflow(by: rowStride)
    let (size, carry) = rows.addingReportingOverflow(3 * width)
    return overflow || carry ? nil : UnsafeRawBufferPointer(start: start, count: size)
  }
}

extension ImagePreprocessing {
  /// The same for LimequatVision, which knows no container.
  var options: PreprocessingOptions {
    PreprocessingOptions(
      height: height, width: width, resize: resize == .squash ? .squash : .shortestSide, size: size,
      interpolation: method, low: low, high: high, mean: mean.map { ($0.red, $0.green, $0.blue) },
      std: std.map { ($0.red, $0.green, $0.blue) })
  }

  private var method: PreprocessingOptions.Interpolation {
    switch interpolation {
    case .bilinearAntialias: .bilinearAntialias
    case .bicubic: .bicubic
    case .bilinear: .bilinear
    case .area: .area
    }
  }
}
