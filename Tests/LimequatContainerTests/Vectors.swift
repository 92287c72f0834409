import Foundation
import LimequatContainer
import LimequatTestSupport

/// The files of formats/vectors.
enum Vectors {
  static let folder = packageRoot + "/formats/vectors"

  static let valid = names(in: "valid").filter { $0.hasSuffix(".lmq") }
  /// Those of container.md; graph.md has its own.
  static let invalid = names(in: "invalid").filter { $0.hasPrefix("C") && $0.hasSuffix(".lmq") }

  static func path(_ kind: String, _ name: String) -> String { "\(folder)/\(kind)/\(name)" }

  static func bytes(_ kind: String, _ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: path(kind, name))))
  }

  private static func names(in kind: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(kind)")) ?? []).sorted()
  }
}

/// The way in which a container is opened.
enum Opening: CaseIterable {
  case mapped, positioned, memory

  /// Opens the file and, in memory, a copy of it, and calls `body`.
  func withContainer<R>(at path: String, _ body: (Container) throws -> R) throws -> R {
    switch self {
    case .mapped: return try body(Container.open(path: path, access: .mapped))
    case .positioned: return try body(Container.open(path: path, access: .positioned))
    case .memory:
      return try withAligned(Array(Data(contentsOf: URL(fileURLWithPath: path)))) {
        try body(Container.open(bytes: $0))
      }
    }
  }
}

/// The bytes at a multiple of 64.
func withAligned<R>(_ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
  let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 64)
  defer { memory.deallocate() }
  memory.copyBytes(from: bytes)
  return try body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[..<bytes.count]))
}
