import Foundation
import LimequatConvert
import LimequatTestSupport
import Testing

@testable import Limequat

/// Checkpoints that are converted once for a run of the tests.
enum TestModels {
  static let digits = Result { try convert(packageRoot + "/examples/digits/checkpoint") }
  static let sentencepiece = Result { try convert(fixture("limoe-sentencepiece")) }
  static let batchCapacity = Result { try convert(fixture("limoe-group")) }
  static let vmoe = Result { try convert(fixture("vmoe-dropless")) }

  static func fixture(_ name: String) -> String { packageRoot + "/Tests/Fixtures/checkpoints/" + name }

  /// The file is removed when the process ends: it is unlinked once it is open, and opened by its descriptor.
  private static func convert(_ folder: String) throws -> Int32 {
    let path = NSTemporaryDirectory() + "limequat-\(UUID()).lmq"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Conversion.plan(source: folder).write(to: path)
    let descriptor = open(path, O_RDONLY)
    try #require(descriptor >= 0)
    return descriptor
  }
}
