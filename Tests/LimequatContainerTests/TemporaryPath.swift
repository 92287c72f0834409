import Foundation
import LimequatContainer

/// A path in the folder for temporary files; what lies there is removed with the last reference.
final class TemporaryPath {
  let text = NSTemporaryDirectory() + "limequat-\(UUID().uuidString).lmq"

  var exists: Bool { FileManager.default.fileExists(atPath: text) }
  func contents() throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: text))) }

  deinit { try? FileManager.default.removeItem(atPath: text) }
}

extension ContainerWriter {
  func write(floats: [Float]) throws { try floats.withUnsafeBytes { try write($0) } }
  func write(zeros count: Int) throws {
    try [UInt8](repeating: 0, count: count).withUnsafeBytes { try write($0) }
  }
}
