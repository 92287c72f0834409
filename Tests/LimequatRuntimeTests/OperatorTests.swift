import Foundation
import LimequatContainer
import LimequatRuntime
import LimequatTensor
import LimequatTestSupport
import Testing

/// One model of Fixtures/operators.json.
struct OperatorCase: Decodable, Sendable, CustomTestStringConvertible {
  struct Tensor: Decodable, Sendable {
    var type: String
    var dims: [Int]
    var data: Data

    var tensor: TestTensor {
      let types: [String: ElementType] = [
        "float32": .f32, "int32": .i32, "int64": .i64, "bool": .bool, "uint8": .u8,
      ]
      return TestTensor(type: types[type] ?? .f32, dims: dims, data: Array(data))
    }
  }
  var name: String
  var model: Data
  var inputs: [Tensor]
  var output: Tensor
  var tolerance: Float

  var testDescription: String { name }

  static let all: [OperatorCase] = {
    let path = packageRoot + "/Tests/LimequatRuntimeTests/Fixtures/operators.json"
    guard let data = FileManager.default.contents(atPath: path) else { return [] }
    return (try? JSONDecoder().decode([OperatorCase].self, from: data)) ?? []
  }()

  var container: TestContainer {
    var container = TestContainer()
    container.signatures = [SignatureDraft(name: "case", model: Array(model), modality: "test")]
    return container
  }
}

/// Every operator and fusion against onnx's reference evaluator.
@Suite struct OperatorTests {
  @Test func fixtureIsThere() { #expect(OperatorCase.all.count > 150) }

  @Test(arguments: OperatorCase.all)
  func likeOnnx(_ testCase: OperatorCase) throws {
    let session = try Session.make(model: try Model.open(testCase.container))
    let result = try session.run(testCase.inputs.map { $0.tensor })[0]
    let expected = testCase.output.tensor
    #expect(result.type == expected.type)
    #expect(result.dims == expected.dims)
    guard expected.type == .f32 else {
      #expect(result.data == expected.data)
      return
    }
    for (index, (a, b)) in zip(result.floats, expected.floats).enumerated() {
      guard abs(a - b) > testCase.tolerance * max(1, abs(b)) || a.isNaN != b.isNaN else { continue }
      Issue.record("element \(index) is \(a), expected \(b)")
      return
    }
  }

  @Test(arguments: OperatorCase.all)
  func sameBitsWithTwoThreads(_ testCase: OperatorCase) throws {
    let inputs = testCase.inputs.map { $0.tensor }
    let alone = try Session.make(model: try Model.open(testCase.container)).run(inputs)
    let session = try Session.make(model: try Model.open(testCase.container, threads: 2))
    #expect(try session.run(inputs) == alone)
    #expect(try session.run(inputs) == alone)
  }
}
