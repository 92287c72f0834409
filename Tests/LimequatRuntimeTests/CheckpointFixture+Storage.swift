import Foundation
import LimequatContainer
import LimequatQuantize
import LimequatTestSupport

extension CheckpointFixture {
  /// How a fixture is stored.
  enum Storage: String, CaseIterable { case asConverted, int8Experts, int8, f16 }

  /// Writes the container of this storage to `path`.
  func write(_ storage: Storage, to path: String) throws {
    guard storage != .asConverted else { return try convert(to: path) }
    let converted = path + ".converted"
    defer { unlink(converted) }
    try convert(to: converted)
    let dense: QuantizationOptions.Dense =
      switch storage {
      case .int8: .int8
      case .f16: .f16
      default: .keep
      }
    _ = try Quantization.run(
      from: converted, to: path, options: QuantizationOptions(experts: .int8, dense: dense, threads: 1))
  }

  func open(_ storage: Storage) throws -> Container {
    let folder = try TemporaryFolder()
    let path = folder.file("model.lmq")
    try write(storage, to: path)
    return try Container.open(path: path)
  }
}
