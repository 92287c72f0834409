import LimequatCheckpoint
import LimequatTestSupport

@testable import LimequatConvert

/// Folders of checkpoints that the tests read.
enum Fixture {
  static let folder = packageRoot + "/Tests/Fixtures/checkpoints"
  static let all = [
    "limoe-small", "limoe-capacity", "limoe-token-erf", "limoe-pads", "limoe-pads-last", "limoe-group",
    "limoe-group-wide", "limoe-bf16-dispatch", "limoe-dense", "limoe-odd", "limoe-container",
    "limoe-sentencepiece", "vmoe-dropless", "vmoe-capacity", "vmoe-gap", "vmoe-bf16-dispatch",
  ]

  static func path(_ name: String) -> String { "\(folder)/\(name)" }
}
