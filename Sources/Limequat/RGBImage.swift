internal import LimequatBytes

/// An image: 8-bit RGB, rows from top to bottom, three bytes a pixel. Decoding image files is the program's
/// matter.
public struct RGBImage: Sendable {
  /// In pixels.
  public let width: Int
  /// In pixels.
  public let height: Int
  private let storage: PixelStorage

  /// Copies the pixels: exactly 3 * width * height bytes, without gaps between rows.
  public init(width: Int, height: Int, pixels: [UInt8]) throws(LimequatError) {
    let (row, overflow) = width.multipliedReportingOverflow(by: 3)
    let (size, more) = row.multipliedReportingOverflow(by: height)
    guard width > 0, height > 0, !overflow, !more, pixels.count == size else {
      throw LimequatError(
        .shape,
        "an image of \(width) x \(height) pixels cannot have \(pixels.count) bytes: expected 3 a pixel")
    }
    self.width = width
    self.height = height
    storage = try PixelStorage.make(pixels)
  }

  /// Valid while the image lives.
  var view: ImageView { ImageView(start: storage.start, width: width, height: height) }
}

/// Pixels at one address, shared by the copies of an image.
private final class PixelStorage: Sendable {
  private let bytes: Buffer
  var start: UnsafeRawPointer { UnsafeRawPointer(bytes.start) }

  private init(_ bytes: consuming Buffer) { self.bytes = bytes }

  static func make(_ pixels: [UInt8]) throws(LimequatError) -> PixelStorage {
    let bytes = try limequat { () throws(BytesError) in try Buffer(size: pixels.count) }
    bytes.bytes.copyBytes(from: pixels)
    return PixelStorage(bytes)
  }
}
