import CLimequatKernels
import LimequatBytes
import LimequatContainer
import LimequatGraph
import LimequatTensor
import Testing

@testable import LimequatRuntime

/// Codes that the step makes whose output they are of, a band of rows at a time.
@Suite struct CodedRowsTests {
  private static let width = 64, hidden = 3072, items = 8, sequence = 50

  /// x + MLP(norm(x)), then the same with two experts. A band of the hidden layer has 36 rows.
  private static func block() throws -> TestContainer {
    var numbers = TestNumbers(seed: 3)
    var container = TestContainer()
    var b = GraphBuilder(name: "block")
    func add(_ name: String, _ dims: [Int], layout: Layout = .rows) -> GraphBuilder.Ref {
      container.add(name, numbers.floats(dims.reduce(1, *), scale: 0.2), dims, layout: layout)
      return b.external(name, dims: dims)
    }
    func norm(_ x: GraphBuilder.Ref, _ name: String) -> GraphBuilder.Ref {
      let scale = add(name + "/scale", [width]), bias = add(name + "/bias", [width])
      return b.node(.layerNormalization(epsilon: 1e-6), [x, scale, bias], name: name)
    }
    let dims: [GraphBuilder.Dim] = [.symbolic("B"), .symbolic("S"), .fixed(width)]
    let x = b.input("x", type: .f32, dims: dims)
    let first = add("first", [width, hidden], layout: .panel32)
    let second = add("second", [hidden, width], layout: .panel32)
    var h = b.node(.matMul, [norm(x, "norm1"), first], name: "up")
    h = b.node(.gelu(.tanh), [h], name: "gelu")
    h = b.node(.add, [b.node(.matMul, [h, second], name: "down"), x], name: "dense")
    let y = norm(h, "norm2")
    let logits = b.node(.matMul, [y, add("router", [width, 2], layout: .panel32)], name: "logits")
    let attributes = SparseMoEAttributes(k: 1, activation: .geluTanh)
    let moe = b.node(.sparseMoE(bank: "bank", attributes), [y, logits], name: "moe")
    b.output(b.node(.add, [moe, h], name: "sum"), name: "y", type: .f32, dims: dims)

    let experts = (0..<2).map { _ in
      TestContainer.Expert(matrices: [
        (numbers.floats(width * hidden, scale: 0.2), numbers.floats(hidden, scale: 0.2)),
        (numbers.floats(hidden * width, scale: 0.2), numbers.floats(width, scale: 0.2)),
      ])
    }
    container.banks = [
      (BankDraft(name: "bank", inputSize: width, hiddenSize: hidden, outputSize: width), experts)
    ]
    var signature = SignatureDraft(name: "run", model: try b.encode(), modality: "none")
    signature.dimensions = [("B", 1, nil), ("S", 1, nil)]
    container.signatures = [signature]
    return container
  }

  private static func plan(_ model: Model, _ shape: [Int], threads: Int) throws -> Plan {
    let signature = try model.signature(0)
    let shapes = [try #require(Shape(shape))]
    return try shapes.withUnsafeBufferPointer {
      try PlanBuilder.build(signature, inputs: try signature.inputShapes($0), threads: threads)
    }
  }

  /// norm1, up, down, norm2, logits, experts: who makes codes, in what bands, and whether floats are kept.
  @Test func stepsMakeTheCodesOfTheirOutputs() throws {
    let model = try Model.open(container: try Self.block().openQuantized())
    for (threads, band) in [(1, 36), (2, 36), (3, 400)] {
      let plan = try Self.plan(model, [Self.items, Self.sequence, Self.width], threads: threads)
      let steps = (0..<plan.steps.count).compactMap { plan.steps[$0] }
      #expect(steps.map { $0.outputCodes?.band } == [256, band, nil, 256, nil, nil])
      #expect(steps.map { $0.outputCodes?.floats != nil } == [true, true, false, false, false, false])
      #expect(steps.map { $0.codes != nil } == [false, true, true, false, false, true])
      #expect(steps.allSatisfy { !($0.codes?.isFirst ?? false) })
      // One band and the codes, not all floats, of the hidden layer.
      let floats = Self.items * Self.sequence * Self.hidden * 4
      if threads == 1 { #expect(plan.arenaSize < 2 * floats) }
    }
  }

  /// Bands or none, and rows alone or in a batch: the same bits.
  @Test func bandsChangeNoBits() throws {
    let container = try Self.block().openQuantized()
    var numbers = TestNumbers(seed: 4)
    let x = TestTensor(
      numbers.floats(Self.items * Self.sequence * Self.width), [Self.items, Self.sequence, Self.width])
    var first: TestTensor?
    for threads in [1, 2, 3, 4] {
      let model = try Model.open(container: container, options: ModelOptions(threads: threads))
      let session = try Session.make(model: model)
      let result = try session.run([x])[0]
      if first == nil { first = result }
      #expect(result == first, "\(threads) threads")
      let size = x.data.count / Self.items
      for item in 0..<Self.items {
        let part = item * size..<(item + 1) * size
        let alone = TestTensor(type: .f32, dims: [1, Self.sequence, Self.width], data: Array(x.data[part]))
        #expect(try session.run([alone])[0].data == Array(result.data[part]))
      }
    }
  }

  /// Two products read one value, one of them through a view with other rows: each has codes of its own.
  @Test func viewsWithOtherRowsHaveTheirOwnCodes() throws {
    var numbers = TestNumbers(seed: 5)
    var container = TestContainer()
    container.add("wide", numbers.floats(8 * 4), [8, 4], layout: .panel32)
    container.add("narrow", numbers.floats(4 * 4), [4, 4], layout: .panel32)
    func signature(_ name: String, _ outputs: [String]) throws -> SignatureDraft {
      var b = GraphBuilder(name: name)
      let x = b.input("x", type: .f32, dims: [.symbolic("B"), .fixed(8)])
      let h = b.node(.relu, [x], name: "h")
      for output in outputs {
        if output == "a" {
          let a = b.node(.matMul, [h, b.external("wide", dims: [8, 4])], name: "a_")
          b.output(a, name: "a", type: .f32, dims: [.symbolic("B"), .fixed(4)])
        } else {
          let rows = b.node(.reshape([0, 2, 4]), [h], name: "rows")
          let c = b.node(.matMul, [rows, b.external("narrow", dims: [4, 4])], name: "c_")
          b.output(c, name: "c", type: .f32, dims: [.symbolic("B"), .fixed(2), .fixed(4)])
        }
      }
      var signature = SignatureDraft(name: name, model: try b.encode(), modality: "none")
      signature.dimensions = [("B", 1, nil)]
      return signature
    }
    container.signatures = [
      try signature("both", ["a", "c"]), try signature("one", ["a"]), try signature("other", ["c"]),
      try signature("turned", ["c", "a"]),
    ]
    let session = try Session.make(model: try Model.open(container: try container.openQuantized()))
    let x = TestTensor(numbers.floats(3 * 8), [3, 8])
    let a = try session.run([x], signature: "one")[0], c = try session.run([x], signature: "other")[0]
    #expect(try session.run([x], signature: "both") == [a, c])
    #expect(try session.run([x], signature: "turned") == [c, a])
  }
}
