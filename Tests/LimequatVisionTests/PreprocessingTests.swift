import Foundation
import LimequatBytes
import LimequatTestSupport
import LimequatVision
import Testing

/// An image made by a formula, in rows with some bytes between them.
struct Picture {
  let width: Int
  let height: Int
  let rowStride: Int
  private var bytes: [UInt8]

  init(width: Int, height: Int, kind: String, padding: Int = 0) {
    self.width = width
    self.height = height
    rowStride = 3 * width + padding
    bytes = [UInt8](repeating: 77, count: height * rowStride)
    for y in 0..<height {
      for x in 0..<width {
        for c in 0..<3 {
          let value =
            switch kind {
            case "noise": (x * 7919 + y * 104_729 + c * 1_299_709 + x * y * 31) % 251 * 5 % 256
            case "edges": (x / 3 + y / 2 + c) % 2 == 0 ? 255 : 0
            default: (x * 2 + y + c * 40) % 256
            }
          bytes[y * rowStride + 3 * x + c] = UInt8(value)
        }
      }
    }
  }

  func preprocessed(_ options: PreprocessingOptions, room: Int? = nil) throws -> [Float] {
    var result = [Float](repeating: .nan, count: room ?? options.height * options.width * 3)
    try withView { view in
      try result.withUnsafeMutableBufferPointer { output in
        try preprocess(view, options, into: output)
      }
    }
    return result
  }

  private func withView(_ body: (PixelView) throws -> Void) throws {
    try bytes.withUnsafeBytes { raw in
      guard let start = raw.baseAddress else { return }
      try body(PixelView(start: start, width: width, height: height, rowStride: rowStride))
    }
  }
}

/// A row of Fixtures/preprocessing.json.
struct Golden: Decodable, CustomTestStringConvertible, Sendable {
  let kind: String
  let imageHeight: Int
  let imageWidth: Int
  let height: Int
  let width: Int
  let size: Int
  let interpolation: String
  let low: Float
  let high: Float
  let mean: [Float]?
  let std: [Float]?
  let crc32c: UInt32
  let values: Data?

  var testDescription: String {
    "\(interpolation) \(kind) \(imageWidth)x\(imageHeight) size \(size) to \(width)x\(height)"
  }

  var options: PreprocessingOptions {
    let kinds: [String: PreprocessingOptions.Interpolation] = [
      "bilinearAntialias": .bilinearAntialias, "bicubic": .bicubic, "bilinear": .bilinear, "area": .area,
    ]
    return PreprocessingOptions(
      height: height, width: width, resize: size == 0 ? .squash : .shortestSide, size: size,
      interpolation: kinds[interpolation] ?? .area, low: low, high: high,
      mean: mean.map { ($0[0], $0[1], $0[2]) }, std: std.map { ($0[0], $0[1], $0[2]) })
  }

  static let all: [Golden] = {
    let path = packageRoot + "/Tests/LimequatVisionTests/Fixtures/preprocessing.json"
    guard let data = FileManager.default.contents(atPath: path) else { return [] }
    return (try? JSONDecoder().decode([Golden].self, from: data)) ?? []
  }()
}

@Suite struct PreprocessingTests {
  @Test func goldensAreThere() { #expect(Golden.all.count == 88) }

  /// Every bit as Pillow and TensorFlow give it.
  @Test(arguments: Golden.all)
  func equalsReference(_ golden: Golden) throws {
    let picture = Picture(
      width: golden.imageWidth, height: golden.imageHeight, kind: golden.kind, padding: golden.width % 5)
    let result = try picture.preprocessed(golden.options)
    if let values = golden.values {
      let expected = values.withUnsafeBytes { [Float]($0.bindMemory(to: Float.self)) }
      #expect(result == expected)
    }
    #expect(result.withUnsafeBytes { CRC32C.of($0) } == golden.crc32c)
  }

  @Test(arguments: [PreprocessingOptions.Interpolation.bilinearAntialias, .bicubic, .bilinear, .area])
  func longestSidesWork(_ interpolation: PreprocessingOptions.Interpolation) throws {
    let uniform = PreprocessingOptions(
      height: 2, width: 3, resize: .squash, interpolation: interpolation, low: 0, high: 255)
    for (width, height) in [(65_535, 1), (1, 65_535)] {
      let result = try Picture(width: width, height: height, kind: "edges").preprocessed(uniform)
      #expect(result.allSatisfy { $0 >= 0 && $0 <= 255 })
    }
    let cropped = PreprocessingOptions(
      height: 4, width: 4, resize: .shortestSide, size: 255, interpolation: interpolation, low: 0, high: 255)
    let result = try Picture(width: 65_535, height: 1, kind: "smooth").preprocessed(cropped)
    #expect(result.allSatisfy { $0 >= 0 && $0 <= 255 })
  }
}

@Suite struct VisionErrorTests {
  let picture = Picture(width: 6, height: 5, kind: "smooth")
  let good = PreprocessingOptions(height: 4, width: 3, resize: .squash, interpolation: .bicubic)

  func changed(_ change: (inout PreprocessingOptions) -> Void) -> PreprocessingOptions {
    var options = good
    change(&options)
    return options
  }

  @Test func optionsAreChecked() {
    #expect(throws: VisionError.outputCount(got: 35, expected: 36)) {
      try picture.preprocessed(good, room: 35)
    }
    #expect(throws: VisionError.outputSides(width: 3, height: 0)) {
      try picture.preprocessed(changed { $0.height = 0 }, room: 1)
    }
    #expect(throws: VisionError.outputSides(width: 65_536, height: 4)) {
      try picture.preprocessed(changed { $0.width = 65_536 }, room: 1)
    }
    #expect(throws: VisionError.size(got: 4, least: 0)) {
      try picture.preprocessed(changed { $0.size = 4 })
    }
    #expect(throws: VisionError.size(got: 3, least: 4)) {
      try picture.preprocessed(
        changed {
          $0.resize = .shortestSide
          $0.size = 3
        })
    }
    let wrong: [PreprocessingOptions] = [
      changed { $0.low = .nan }, changed { $0.high = .infinity },
      changed {
        $0.low = -3e38
        $0.high = 3e38
      },
      changed { $0.mean = (0, 0, 0) }, changed { $0.std = (1, 1, 1) },
      changed {
        $0.mean = (0, 0, 0)
        $0.std = (1, 0, 1)
      },
      changed {
        $0.mean = (0, .nan, 0)
        $0.std = (1, 1, 1)
      },
    ]
    for options in wrong { #expect(throws: VisionError.scaling) { try picture.preprocessed(options) } }
  }

  @Test(arguments: [
    (0, 4, 12, VisionError.imageSides(width: 0, height: 4)),
    (4, -1, 12, .imageSides(width: 4, height: -1)),
    (65_536, 1, 300_000, .imageSides(width: 65_536, height: 1)),
    (60_000, 60_000, 180_000, .imageSides(width: 60_000, height: 60_000)),
    (4, 4, 11, .rowStride(bytes: 11, least: 12)),
    (4, 4, Int.min, .rowStride(bytes: .min, least: 12)),
    (4, 4, Int.max, .rowStride(bytes: .max, least: 12)),
  ])
  func imagesAreChecked(_ width: Int, _ height: Int, _ rowStride: Int, _ error: VisionError) {
    var output = [Float](repeating: 0, count: 36)
    #expect(throws: error) {
      try withUnsafeBytes(of: UInt64(0)) { (bytes) in
        guard let start = bytes.baseAddress else { return }
        let view = PixelView(start: start, width: width, height: height, rowStride: rowStride)
        try output.withUnsafeMutableBufferPointer { room in
          try preprocess(view, good, into: room)
        }
      }
    }
  }

  @Test func resizedSideIsBounded() {
    let tall = Picture(width: 1, height: 65_535, kind: "edges")
    var options = good
    options.resize = .shortestSide
    options.size = 300
    #expect(throws: VisionError.resizedSide(got: 19_660_500)) { try tall.preprocessed(options) }
  }

  @Test func messagesAreSentences() {
    #expect(
      VisionError.size(got: 3, least: 4).description == "size is 3, expected 4 to 65535")
    #expect(VisionError.size(got: 3, least: 0).description.hasPrefix("size is 3, expected 0"))
  }
}
