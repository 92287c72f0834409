/// An 8-bit RGB image in the caller's memory: rows from top to bottom, pixels from left to right, three
/// bytes each in the order red, green, blue. Borrows the memory; the caller keeps it alive during a call.
public struct PixelView {
  public let start: UnsafeRawPointer
  /// In pixels.
  public let width: Int
  /// In pixels.
  public let height: Int
  /// Bytes from the start of a row to the start of the next, at least 3 * width.
  public let rowStride: Int

  /// Nothing is checked here; `preprocess` checks it all.
  public init(start: UnsafeRawPointer, width: Int, height: Int, rowStride: Int) {
    self.start = start
    self.width = width
    self.height = height
    self.rowStride = rowStride
  }

  /// The longest side that is taken, in pixels.
  public static let longestSide = 65_535
  /// The most pixels that are taken.
  public static let mostPixels = 1 << 28

  func check() throws(VisionError) {
    guard 1...Self.longestSide ~= width, 1...Self.longestSide ~= height else {
      throw .imageSides(width: width, height: height)
    }
    // Neither product can overflow: both sides are below 2^16.
    guard width * height <= Self.mostPixels else { throw .imageSides(width: width, height: height) }
    // The last row starts at (height - 1) * rowStride, so that product must be an Int.
    guard rowStride >= 3 * width, !height.multipliedReportingOverflow(by: rowStride).overflow else {
      throw .rowStride(bytes: rowStride, least: 3 * width)
    }
  }

  /// A row, 3 * width bytes. `y` is in 0..<height.
  func row(_ y: Int) -> UnsafePointer<UInt8> {
    (start + y * rowStride).assumingMemoryBound(to: UInt8.self)
  }
}
