import Foundation
import LimequatContainer
import LimequatConvert
import LimequatRuntime
import LimequatTensor
import LimequatTestSupport
import Testing

/// A folder of Tests/Fixtures/checkpoints with its inputs and what a reference gave for them.
struct CheckpointFixture: Sendable, CustomTestStringConvertible {
  let name: String
  var folder: String { packageRoot + "/Tests/Fixtures/checkpoints/" + name }
  var testDescription: String { name }

  static let all: [CheckpointFixture] = {
    let folder = packageRoot + "/Tests/Fixtures/checkpoints"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.sorted().map { CheckpointFixture(name: $0) }
      .filter { FileManager.default.fileExists(atPath: $0.folder + "/config.json") }
  }()

  /// A signature with its inputs and expected outputs.
  struct Signature {
    var name: StaticString
    var input: TestTensor
    var expected: TestTensor
  }

  func signatures() throws -> [Signature] {
    let all: [(StaticString, String, String)] = [
      ("image", "images", "image_embedding"), ("text", "token_ids", "text_embedding"),
      ("logits", "images", "logits"),
    ]
    return try all.compactMap { name, input, output in
      guard let input = try tensor(input), let expected = try tensor(output) else { return nil }
      return Signature(name: name, input: input, expected: expected)
    }
  }

  func convert() throws -> Container {
    let path = NSTemporaryDirectory() + "limequat-runtime-\(UUID().uuidString).lmq"
    defer { unlink(path) }
    try convert(to: path)
    return try Container.open(path: path)
  }

  func convert(to path: String) throws { try Conversion.plan(source: folder).write(to: path) }

  /// How far a result may be from the reference: rounding to bfloat16 at a border may go either way.
  var tolerance: Float {
    guard name.contains("bf16-dispatch") else { return 2e-5 }
    return name.hasPrefix("vmoe") ? 1e-3 : 1e-4
  }

  /// {modality: {layer: routing}}
  func routing() throws -> [String: [String: Routing]]? {
    guard let data = FileManager.default.contents(atPath: folder + "/routing.json") else { return nil }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode([String: [String: Routing]].self, from: data)
  }

  /// [item][position][choice]; null for what is not compared.
  struct Routing: Decodable {
    var capacity: Int?
    var groupSize: Int
    var experts: [[[Int32]?]]
    var gates: [[[Float]?]]
    var kept: [[[Flag]?]]

    /// Written as a number or as a bool.
    struct Flag: Decodable {
      var value: UInt8
      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let bool = try? container.decode(Bool.self) {
          value = bool ? 1 : 0
        } else {
          value = try container.decode(UInt8.self)
        }
      }
    }
  }

  /// An .npy file of the folder, f32 or i32.
  private func tensor(_ name: String) throws -> TestTensor? {
    guard let file = FileManager.default.contents(atPath: "\(folder)/\(name).npy") else { return nil }
    let bytes = Array(file)
    let start = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
    let header = String(decoding: bytes[10..<start], as: UTF8.self)
    let dims = try #require(header.firstMatch(of: /'shape': \(([0-9, ]*)\)/)).1
      .split(separator: ",").compactMap { Int($0.trimmingCharacters(in: .whitespaces)) }
    return TestTensor(type: header.contains("<f4") ? .f32 : .i32, dims: dims, data: Array(bytes[start...]))
  }
}
