import CLimequatKernels
import LimequatBytes
import LimequatContainer
import LimequatGraph
import LimequatTensor
import Testing

@testable import LimequatRuntime

/// Values that float products alone read have room between their rows.
@Suite struct PaddedRowsTests {
  private static let width = 256, hidden = 512, items = 3, sequence = 17
  private static let dims: [GraphBuilder.Dim] = [.symbolic("B"), .symbolic("S"), .fixed(width)]
  private static let x = {
    var numbers = TestNumbers(seed: 8)
    return TestTensor(numbers.floats(items * sequence * width), [items, sequence, width])
  }()

  private static func weights() -> TestContainer {
    var numbers = TestNumbers(seed: 7)
    var container = TestContainer()
    let square = [width, width]
    let shapes = [
      ("q", square), ("k", square), ("v", square), ("out", square), ("half", [width / 2, 8]),
      ("up", [width, hidden]), ("down", [hidden, width]), ("router1", [width, 1]), ("router2", [width, 2]),
    ]
    for (name, shape) in shapes {
      container.add(name, numbers.floats(shape[0] * shape[1], scale: 0.1), shape, layout: .panel32)
    }
    for (name, size) in [("first", width), ("second", width), ("b1", hidden), ("b2", width)] {
      container.add(name, numbers.floats(size), [size])
    }
    return container
  }

  private static func bank(_ name: String, _ experts: [TestContainer.Expert], isGated: Bool = false) -> (
    BankDraft, [TestContainer.Expert?]
  ) {
    let draft = BankDraft(
      name: name, inputSize: width, hiddenSize: hidden, outputSize: width, isGated: isGated)
    return (draft, experts)
  }

  private static func signature(
    _ name: String, _ body: (inout GraphBuilder, GraphBuilder.Ref) -> [(String, GraphBuilder.Ref, Int)]
  ) throws -> SignatureDraft {
    var b = GraphBuilder(name: name)
    let x = b.input("x", type: .f32, dims: dims)
    for (name, value, width) in body(&b, x) {
      b.output(value, name: name, type: .f32, dims: dims.dropLast() + [.fixed(width)])
    }
    var signature = SignatureDraft(name: name, model: try b.encode(), modality: "none")
    signature.dimensions = [("B", 1, nil), ("S", 1, nil)]
    return signature
  }

  private static func multiply(
    _ b: inout GraphBuilder, _ x: GraphBuilder.Ref, _ weights: String, _ dims: [Int]
  ) -> GraphBuilder.Ref {
    b.node(.matMul, [x, b.external(weights, dims: dims)], name: "by_\(weights)")
  }

  private static func norm(_ b: inout GraphBuilder, _ x: GraphBuilder.Ref, _ name: String) -> GraphBuilder.Ref
  {
    b.node(.layerNormalization(epsilon: 1e-6), [x, b.external(name, dims: [width])], name: "norm_\(name)")
  }

  /// A block of a tower; `givesAll`: also what products alone read.
  private static func block(_ name: String, givesAll: Bool) throws -> SignatureDraft {
    try signature(name) { b, x in
      let first = norm(&b, x, "first")
      let view = b.node(.reshape([0, 0, width]), [first], name: "view")
      let heads = [("q", first), ("k", view), ("v", first)].map { multiply(&b, $1, $0, [width, width]) }
      let attention = b.node(.attention(heads: 4, kvHeads: 4), heads, name: "attention")
      let h = b.node(.add, [multiply(&b, attention, "out", [width, width]), x], name: "h")
      let second = norm(&b, h, "second")
      let gelu = b.node(.gelu(.tanh), [multiply(&b, second, "up", [width, hidden])], name: "gelu")
      let y = b.node(.add, [multiply(&b, gelu, "down", [hidden, width]), h], name: "sum")
      let all = [
        ("first_", first, width), ("attention_", attention, width), ("second_", second, width),
        ("gelu_", gelu, hidden),
      ]
      return [("y", y, width)] + (givesAll ? all : [])
    }
  }

  /// The names of padded values, whose rows all have room.
  private static func paddedValues(_ model: Model, _ name: StaticString) throws -> [String] {
    let signature = try model.signature(try #require(model.signatureIndex(Name(name))))
    let plan = try [x.shape].withUnsafeBufferPointer {
      try PlanBuilder.build(signature, inputs: try signature.inputShapes($0), threads: 1)
    }
    var names: [String] = []
    for index in 0..<plan.values.count {
      guard let value = plan.values[index], value.paddedWidth > 0, case .arena(let start) = value.place else {
        continue
      }
      names.append(try #require(signature.graph.value(at: index)?.name.text))
      let width = value.paddedWidth
      #expect(value.stride(width) >= width + 16)
      #expect(start + value.count / width * value.stride(width) * 4 <= plan.arenaSize)
    }
    return names
  }

  /// f32, and matrices of int8 but for the one that takes what attention by codes makes.
  @Test(arguments: [false, true]) func paddingChangesNoBits(isMixed: Bool) throws {
    var container = Self.weights()
    if isMixed {
      let out = try #require(container.tensors.firstIndex { $0.name == "out" })
      container.tensors[out].layout = .rows
    }
    container.signatures = [
      try Self.block("some", givesAll: false), try Self.block("all", givesAll: true),
    ]
    let opened = try isMixed ? container.openQuantized() : container.open()
    var index = 0
    var first: [TestTensor]?
    while let name = lmq_kernels_name(index) {
      index += 1
      for threads in [1, 2] {
        let model = try Model.open(
          container: opened, options: ModelOptions(threads: threads, kernels: Name(name)))
        #expect(try Self.paddedValues(model, "some").count == (isMixed ? 1 : 4))
        #expect(try Self.paddedValues(model, "all").isEmpty)
        let session = try Session.make(model: model)
        let result = try session.run([Self.x], signature: "some")
        #expect(try result == Array(session.run([Self.x], signature: "all").prefix(1)))
        if first == nil { first = result }
        #expect(result == first)
      }
    }
  }

  /// Not all that multiplies a value sees its rows.
  @Test func valuesReadInOtherWidthsAreContiguous() throws {
    func signature(_ name: String, _ names: [String]) throws -> SignatureDraft {
      try Self.signature(name) { b, x in
        let h = Self.norm(&b, x, "first")
        return names.map { name in
          guard name == "c" else {
            return (name, Self.multiply(&b, h, "up", [Self.width, Self.hidden]), Self.hidden)
          }
          let rows = b.node(.reshape([0, 0, 2, Self.width / 2]), [h], name: "rows")
          let product = Self.multiply(&b, rows, "half", [Self.width / 2, 8])
          return (name, b.node(.reshape([0, 0, 16]), [product], name: "c_"), 16)
        }
      }
    }
    var container = Self.weights()
    container.signatures = [
      try signature("both", ["a", "c"]), try signature("a", ["a"]), try signature("c", ["c"]),
    ]
    let model = try Model.open(container)
    #expect(try Self.paddedValues(model, "both").isEmpty)
    #expect(try Self.paddedValues(model, "a").count == 1)
    #expect(try Self.paddedValues(model, "c").isEmpty)
    let session = try Session.make(model: model)
    let (a, c) = (
      try session.run([Self.x], signature: "a")[0], try session.run([Self.x], signature: "c")[0]
    )
    #expect(try session.run([Self.x], signature: "both") == [a, c])
  }

  /// As patches are, whose axes cross the bounds of rows; if its last dims are whole rows.
  @Test(arguments: [
    ([2, 2, 128], [0, 1, 3, 2, 4], 1), ([8, 64], [0, 1, 3, 2], 0), ([8, 64], [0, 3, 1, 2], 0),
  ])
  func whatTransposeMakesIsPadded(parts: [Int], permutation: [Int], padded: Int) throws {
    func signature(_ name: String, givesAll: Bool) throws -> SignatureDraft {
      try Self.signature(name) { b, x in
        let wide = Self.multiply(&b, x, "up", [Self.width, Self.hidden])
        let split = b.node(.reshape([0, 0] + parts), [wide], name: "split")
        let moved = b.node(.transpose(permutation), [split], name: "moved")
        let rows = b.node(.reshape([0, -1, Self.width]), [moved], name: "rows")
        let product = Self.multiply(&b, rows, "q", [Self.width, Self.width])
        func whole(_ value: GraphBuilder.Ref, _ name: String) -> (String, GraphBuilder.Ref, Int) {
          (name, b.node(.reshape([0, -1, Self.hidden]), [value], name: "whole_\(name)"), Self.hidden)
        }
        return givesAll ? [whole(product, "y"), whole(rows, "rows_")] : [whole(product, "y")]
      }
    }
    var container = Self.weights()
    container.signatures = [try signature("some", givesAll: false), try signature("all", givesAll: true)]
    let model = try Model.open(container)
    #expect(try Self.paddedValues(model, "some").count == padded)
    #expect(try Self.paddedValues(model, "all").isEmpty)
    let session = try Session.make(model: model)
    let all = try session.run([Self.x], signature: "all")
    #expect(try session.run([Self.x], signature: "some") == Array(all.prefix(1)))
  }

  /// An expert that is alone, and so has the gate 1, is an MLP.
  @Test func theOnlyExpertIsAnMLP() throws {
    var container = Self.weights()
    func tensor(_ name: String) throws -> [Float] {
      try #require(container.tensors.first { $0.name == name }).tensor.floats
    }
    let expert = TestContainer.Expert(
      matrices: [(try tensor("up"), try tensor("b1")), (try tensor("down"), try tensor("b2"))])
    container.banks = [Self.bank("bank", [expert])]
    container.signatures = [
      try Self.signature("dense") { b, x in
        let up = Self.multiply(&b, x, "up", [Self.width, Self.hidden])
        let biased = b.node(.add, [up, b.external("b1", dims: [Self.hidden])], name: "biased")
        let gelu = b.node(.gelu(.tanh), [biased], name: "gelu")
        let down = Self.multiply(&b, gelu, "down", [Self.hidden, Self.width])
        return [("y", b.node(.add, [down, b.external("b2", dims: [Self.width])], name: "sum"), Self.width)]
      },
      try Self.signature("sparse") { b, x in
        let logits = Self.multiply(&b, x, "router1", [Self.width, 1])
        let attributes = SparseMoEAttributes(k: 1, activation: .geluTanh)
        return [("y", b.node(.sparseMoE(bank: "bank", attributes), [x, logits], name: "moe"), Self.width)]
      },
    ]
    let session = try Session.make(model: try Model.open(container))
    let result = try session.run([Self.x], signature: "sparse")[0].floats
    #expect(try result == session.run([Self.x], signature: "dense")[0].floats)
  }

  /// With gates, and several experts: a token has the same bits with others and alone.
  @Test func gatedExpertsKeepTheirRowsApart() throws {
    var container = Self.weights()
    var numbers = TestNumbers(seed: 9)
    let experts = (0..<2).map { _ in
      TestContainer.Expert(
        matrices: [Self.hidden, Self.hidden, Self.width].map {
          (numbers.floats(Self.width * Self.hidden, scale: 0.1), numbers.floats($0, scale: 0.1))
        })
    }
    container.banks = [Self.bank("bank", experts, isGated: true)]
    container.signatures = [
      try Self.signature("experts") { b, x in
        let logits = Self.multiply(&b, x, "router2", [Self.width, 2])
        let attributes = SparseMoEAttributes(k: 1, activation: .swiglu)
        return [("y", b.node(.sparseMoE(bank: "bank", attributes), [x, logits], name: "moe"), Self.width)]
      }
    ]
    let session = try Session.make(model: try Model.open(container))
    let all = try session.run([Self.x])[0].data
    let size = 4 * Self.width
    for start in stride(from: 0, to: all.count, by: size) {
      let token = TestTensor(
        type: .f32, dims: [1, 1, Self.width], data: Array(Self.x.data[start..<start + size]))
      #expect(try session.run([token])[0].data == Array(all[start..<start + size]))
    }
  }
}
