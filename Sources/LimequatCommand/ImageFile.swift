internal import CImageCodecs
internal import LimequatBytes

/// The pixels of a PNG or JPEG file: 8-bit RGB, (height, width, 3), rows without padding.
final class ImageFile {
  let path: String
  private var pixels: image_pixels

  private init(path: String, pixels: image_pixels) {
    self.path = path
    self.pixels = pixels
  }

  deinit { image_pixels_free(&pixels) }

  var width: Int { Int(pixels.width) }
  var height: Int { Int(pixels.height) }
  var rgb: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: pixels.rgb, count: width * height * 3) }

  /// 1 GiB: larger than any image within the pixel limit.
  private static let sizeLimit = 1 << 30

  static func read(path: String) throws(Fault) -> ImageFile {
    var pixels = image_pixels()
    let outcome = try Fault.reading(path) { () throws(BytesError) -> (image_status, String) in
      let content = try File.open(path: path).readAll(limit: sizeLimit)
      return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(IMAGE_MESSAGE_SIZE)) { message in
        let status = image_decode(content.start, content.size, &pixels, message.baseAddress)
        return (status, message.baseAddress.map { String(cString: $0) } ?? "")
      }
    }
    switch outcome.0 {
    case IMAGE_OK: return ImageFile(path: path, pixels: pixels)
    case IMAGE_UNKNOWN_KIND: throw .input("\(path): neither a PNG nor a JPEG file")
    case IMAGE_TOO_LARGE: throw .input("\(path): the image has more than \(IMAGE_PIXEL_LIMIT) pixels")
    case IMAGE_OUT_OF_MEMORY: throw .system("\(path): out of memory")
    default: throw .input("\(path): \(outcome.1.isEmpty ? "the image is empty" : outcome.1)")
    }
  }
}
