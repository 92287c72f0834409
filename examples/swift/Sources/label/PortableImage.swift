import Foundation
import Limequat

/// A file that is no binary PPM or PGM image.
struct PortableImageError: Error, CustomStringConvertible {
  let path: String
  var description: String { "\(path): no binary PPM or PGM image of 8 bits" }
}

/// Reads a binary PPM (P6) or PGM (P5) file of 8 bits.
func readPortableImage(_ path: String) throws -> RGBImage {
  let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
  let failure = PortableImageError(path: path)
  var position = 2
  /// The next number of the header; white space and comments come before it.
  func number() throws -> Int {
    while position < bytes.count, bytes[position] < 0x30 || bytes[position] > 0x39 {
      if bytes[position] == UInt8(ascii: "#") {
        position = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
      } else {
        position += 1
      }
    }
    let digits = bytes[min(position, bytes.count)...].prefix { $0 >= 0x30 && $0 <= 0x39 }
    position = digits.endIndex
    guard digits.count <= 6, let number = Int(String(decoding: digits, as: UTF8.self)) else { throw failure }
    return number
  }
  let isGray = bytes.starts(with: [0x50, 0x35])
  guard isGray || bytes.starts(with: [0x50, 0x36]) else { throw failure }
  let (width, height) = (try number(), try number())
  guard try number() == 255, position < bytes.count else { throw failure }
  let samples = bytes[(position + 1)...]
  guard samples.count == width * height * (isGray ? 1 : 3) else { throw failure }
  let pixels = isGray ? samples.flatMap { [$0, $0, $0] } : Array(samples)
  return try RGBImage(width: width, height: height, pixels: pixels)
}
