import LimequatBytes
import LimequatTensor
import Testing

@testable import LimequatRuntime

/// Which attention takes codes: that of all-int8 models, and no other (formats/numerics.md, "Attention with
/// codes").
@Suite struct AttentionPlanTests {
  @Test(arguments: SameBitsTests.fixtures, CheckpointFixture.Storage.allCases)
  func codesAreForInt8Products(_ fixture: CheckpointFixture, _ storage: CheckpointFixture.Storage) throws {
    let model = try Model.open(container: try fixture.open(storage))
    for (index, signature) in try fixture.signatures().enumerated() {
      let signatureModel = try model.signature(index)
      let views = [Shape(signature.input.dims)].compactMap { $0 }
      let plan = try views.withUnsafeBufferPointer {
        try PlanBuilder.build(signatureModel, inputs: try signatureModel.inputShapes($0), threads: 1)
      }
      var codes: [Bool] = []
      for step in 0..<plan.steps.count {
        if case .attention(let ofInt8)? = plan.steps[step]?.operation { codes.append(ofInt8) }
      }
      #expect(!codes.isEmpty)
      #expect(codes.allSatisfy { $0 == (storage == .int8) })
    }
  }
}
