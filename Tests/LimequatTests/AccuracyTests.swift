import CImageCodecs
import Foundation
import LimequatTestSupport
import Testing

@testable import Limequat

/// Zero-shot labels of the whole test split of the digits, through the Swift API.
@Suite struct AccuracyTests {
  private static let digits = packageRoot + "/examples/digits"
  private static let labels = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
  ]

  @Test func digits() throws {
    let rows = try String(contentsOfFile: Self.digits + "/test/labels.tsv", encoding: .utf8)
      .split(separator: "\n").map { $0.split(separator: "\t").map(String.init) }
    try #require(rows.count == 360)
    let images = try rows.map { try image(Self.digits + "/test/" + $0[0]) }
    let session = try TestModels.digits.get().session()
    let scores = try session.classify(
      images: images, labels: Self.labels, templates: ["a photo of the digit {}"])
    var right = 0
    for (row, scores) in zip(rows, scores) {
      let best = scores.indices.reduce(0) { scores[$1] > scores[$0] ? $1 : $0 }
      if Self.labels[best] == row[1] { right += 1 }
    }
    // PyTorch's count: examples/digits/reference/accuracy.json.
    #expect(right == 357)
  }

  private func image(_ path: String) throws -> RGBImage {
    let file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    var pixels = image_pixels()
    var message = [CChar](repeating: 0, count: Int(IMAGE_MESSAGE_SIZE))
    try #require(image_decode(file, file.count, &pixels, &message) == IMAGE_OK)
    defer { image_pixels_free(&pixels) }
    let count = Int(pixels.width) * Int(pixels.height) * 3
    return try RGBImage(
      width: Int(pixels.width), height: Int(pixels.height),
      pixels: Array(UnsafeBufferPointer(start: pixels.rgb, count: count)))
  }
}
