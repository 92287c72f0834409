internal import Foundation

/// A folder that goes with the test.
public final class TemporaryFolder {
  public let path: String

  public init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("limequat-\(UUID())").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of a file in the folder.
  public func file(_ name: String) -> String { "\(path)/\(name)" }

  public func write(_ name: String, _ bytes: some Sequence<UInt8>) throws {
    try Data(Array(bytes)).write(to: URL(fileURLWithPath: file(name)))
  }

  public func write(_ name: String, text: String) throws { try write(name, text.utf8) }

  /// Copies the files of another folder.
  public func copy(from folder: String) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
      try write(name, try bytes(ofFile: "\(folder)/\(name)"))
    }
  }
}

/// A file's bytes.
public func bytes(ofFile path: String) throws -> [UInt8] {
  [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
}
