import Foundation
import LimequatConvert
import LimequatTestSupport
import Testing

@testable import Limequat

/// Checkpoints that are converted once for a run of the tests.
enum TestModels {
  static let digits = convert(packageRoot + "/examples/digits/checkpoint")
  static let sentencepiece = convert(fixture("limoe-sentencepiece"))
  static let batchCapacity = convert(fixture("limoe-capacity"))
  static let vmoe = convert(fixture("vmoe-dropless"))

  static func fixture(_ name: String) -> String { packageRoot + "/Tests/Fixtures/checkpoints/" + name }

  private static func convert(_ folder: String) -> Result<ConvertedModel, any Error> {
    Result {
      let model = try ConvertedModel()
      try Conversion.plan(source: folder).write(to: model.path)
      return model
    }
  }
}

/// A model file in a folder of its own, which goes when the process does.
final class ConvertedModel: Sendable {
  private let folder: String
  var path: String { folder + "/model.lmq" }

  init() throws {
    folder = NSTemporaryDirectory() + "limequat-test-\(UUID())"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    Removal.add(folder)
  }

  func session(_ options: Model.Options = .init(), _ sessionOptions: Session.Options = .init()) throws
    -> Session
  {
    try Model.open(path: path, options: options).makeSession(options: sessionOptions)
  }
}

/// Folders of static models, removed at exit.
private enum Removal {
  nonisolated(unsafe) private static var folders: [String] = []
  private static let lock = NSLock()

  static func add(_ folder: String) {
    lock.withLock {
      if folders.isEmpty { atexit { Removal.removeAll() } }
      folders.append(folder)
    }
  }

  private static func removeAll() {
    for folder in folders { try? FileManager.default.removeItem(atPath: folder) }
  }
}
