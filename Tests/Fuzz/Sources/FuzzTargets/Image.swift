internal import CImageCodecs

/// A PNG or JPEG file. Decoders write every pixel, so that all of them are looked at.
func fuzzImage(_ bytes: UnsafeRawBufferPointer) {
  // An image of 2^27 pixels in a few bytes is legal, and only slow.
  guard bytes.count < 1 << 16 else { return }
  var pixels = image_pixels()
  var message = [CChar](repeating: 0, count: Int(IMAGE_MESSAGE_SIZE))
  let status = message.withUnsafeMutableBufferPointer {
    image_decode(bytes.assumingMemoryBound(to: UInt8.self).baseAddress, bytes.count, &pixels, $0.baseAddress)
  }
  guard status == IMAGE_OK else { return }
  image_pixels_free(&pixels)
}
