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
  private static let dims: [GraphBuilder.Dim] = [.symbolic("B"), .symbolic("S"), .fixed(width)]

  /// "dense": x + MLP(norm(x)). "sparse": the same, and h + experts(norm(h)). A band of the hidden layers has
  /// 36 rows.
  private static func blocks(
    _ attributes: SparseMoEAttributes, hidden: Int = hidden
  ) throws -> TestContainer {
    var numbers = TestNumbers(seed: 3)
    var container = TestContainer()
    for (name, shape) in [("first", [width, hidden]), ("second", [hidden, width]), ("router", [width, 2])] {
      container.add(name, numbers.floats(shape[0] * shape[1], scale: 0.2), shape, layout: .panel32)
    }
    for name in ["scale1", "bias1", "scale2", "bias2"] {
      container.add(name, numbers.floats(width), [width])
    }
    container.signatures = try ["dense", "sparse"].map { name in
      var b = GraphBuilder(name: name)
      func norm(_ x: GraphBuilder.Ref, _ index: Int) -> GraphBuilder.Ref {
        let values = ["scale", "bias"].map { b.external("\($0)\(index)", dims: [width]) }
        return b.node(.layerNormalization(epsilon: 1e-6), [x] + values, name: "norm\(index)")
      }
      let x = b.input("x", type: .f32, dims: dims)
      var h = b.node(.matMul, [norm(x, 1), b.external("first", dims: [width, hidden])], name: "up")
      h = b.node(.gelu(.tanh), [h], name: "gelu")
      h = b.node(.matMul, [h, b.external("second", dims: [hidden, width])], name: "down")
      h = b.node(.add, [h, x], name: "dense")
      if name == "sparse" {
        let y = norm(h, 2)
        let logits = b.node(.matMul, [y, b.external("router", dims: [width, 2])], name: "logits")
        let moe = b.node(.sparseMoE(bank: "bank", attributes), [y, logits], name: "moe")
        h = b.node(.add, [moe, h], name: "sum")
      }
      b.output(h, name: "y", type: .f32, dims: dims)
      return signature(name, try b.encode())
    }
    let isGated = attributes.activation == .swiglu
    let experts = (0..<2).map { _ in
      TestContainer.Expert(
        matrices: (isGated ? [hidden, hidden, width] : [hidden, width]).map {
          (numbers.floats(width * hidden, scale: 0.2), numbers.floats($0, scale: 0.2))
        })
    }
    let draft = BankDraft(
      name: "bank", inputSize: width, hiddenSize: hidden, outputSize: width, isGated: isGated)
    container.banks = [(draft, experts)]
    return container
  }

  private static func signature(_ name: String, _ graph: [UInt8]) -> SignatureDraft {
    var signature = SignatureDraft(name: name, model: graph, modality: "none")
    signature.dimensions = [("B", 1, nil), ("S", 1, nil)]
    return signature
  }

  private static func plan(
    _ model: Model, _ name: StaticString, threads: Int, sequence: Int = sequence
  ) throws -> Plan {
    let index = try #require(model.signatureIndex(Name(name)))
    let signature = try model.signature(index)
    let shapes = [try #require(Shape([items, sequence, width]))]
    return try shapes.withUnsafeBufferPointer {
      try PlanBuilder.build(signature, inputs: try signature.inputShapes($0), threads: threads)
    }
  }

  /// norm1, up, down, norm2, logits, experts: who makes codes, in what bands, and whether floats are kept.
  @Test func stepsMakeTheCodesOfTheirOutputs() throws {
    let attributes = SparseMoEAttributes(k: 1, activation: .geluTanh)
    let model = try Model.open(container: try Self.blocks(attributes).openQuantized())
    for (threads, band) in [(1, 36), (2, 36), (3, 400)] {
      let plan = try Self.plan(model, "sparse", threads: threads)
      let steps = (0..<plan.steps.count).compactMap { plan.steps[$0] }
      #expect(steps.map { $0.outputCodes?.band } == [256, band, nil, 256, nil, nil])
      #expect(steps.map { $0.outputCodes?.floats != nil } == [true, true, false, false, false, false])
      #expect(steps.map { $0.outputCodes?.isOfBands } == [threads == 1, threads < 3, nil, false, nil, nil])
      #expect(steps.map { $0.codes != nil } == [false, true, true, false, false, true])
      #expect(steps.allSatisfy { !($0.codes?.isFirst ?? false) })
      #expect(plan.rooms[0]?.hiddenBand(rows: 340) == (threads < 3 ? 36 : nil))
      #expect(plan.rooms[0]?.hiddenBand(rows: 50) == (threads == 1 ? 36 : nil))
    }
    // A band and the codes of the hidden layer, not all its floats.
    let floats = Self.items * Self.sequence * Self.hidden * 4
    #expect(try Self.plan(model, "dense", threads: 1).arenaSize < floats / 2)
    #expect(try Self.plan(model, "dense", threads: 256).arenaSize < 2 * floats)
  }

  /// Rows of a band lie further apart than they are wide, and yet take less room than all rows would.
  @Test(arguments: [1, 15, 16, 17, 32, 33, 64, 768, 3061, 3072, 3088]) func bandsHaveRoom(width: Int) {
    let stride = CodedRows.bandStride(width: width)
    #expect(stride >= width && stride < width + 32 && stride % 32 == 16)
    for threads in [1, 2, 3, 64] {
      for rows in [0, 1, 36, 37, 72, 340, 3000, 5000, 20_000] {
        let band = CodedRows.productBand(rows: rows, width: width, threads: threads)
        guard CodedRows.bandsSaveRoom(band, rows: rows, width: width, threads: threads) else { continue }
        #expect(band < rows && threads * band * stride < rows * width, "\(rows) rows, \(threads) threads")
      }
    }
  }

  /// 2,724 rows of 48 floats take the room of 4,086 rows of 32.
  @Test(arguments: [(3000, false), (4086, false), (4087, true)]) func narrowRowsGrowInBands(
    rows: Int, areOfUse: Bool
  ) {
    let band = CodedRows.productBand(rows: rows, width: 32, threads: 1)
    #expect(band == 2724)
    #expect(CodedRows.bandsSaveRoom(band, rows: rows, width: 32, threads: 1) == areOfUse)
  }

  /// Of 3,200 rows of 32 floats, bands of 2,724 would have no room.
  @Test(arguments: [(32, 400), (3061, 50), (3072, 50), (3088, 50)], [1, 2])
  func bandsOfExpertsFitTheirRoom(sizes: (hidden: Int, sequence: Int), threads: Int) throws {
    let hidden = sizes.hidden
    let attributes = SparseMoEAttributes(k: 1, activation: .swiglu)
    let model = try Model.open(container: try Self.blocks(attributes, hidden: hidden).openQuantized())
    let plan = try Self.plan(model, "sparse", threads: threads, sequence: sizes.sequence)
    let room = try #require(plan.rooms[0])
    for rows in 0...room.shape.waveRows {
      guard let band = room.hiddenBand(rows: rows) else { continue }
      let floats = threads * CodedRows.floats(band: band, width: hidden)
      #expect(4 * floats <= room.gate - room.hidden, "\(rows) rows in bands of \(band)")
    }
    #expect((room.hiddenBand(rows: room.shape.waveRows) != nil) == (hidden > 32))
  }

  /// Bands or none, and rows alone or in a batch: the same bits.
  @Test(
    arguments: [
      SparseMoEAttributes(k: 1, activation: .geluTanh), SparseMoEAttributes(k: 2, activation: .geluTanh),
      SparseMoEAttributes(k: 1, activation: .swiglu),
      SparseMoEAttributes(k: 1, activation: .geluTanh, dispatchBF16: true),
    ], [hidden, 3061, 3088])
  func bandsChangeNoBits(_ attributes: SparseMoEAttributes, hidden: Int) throws {
    let container = try Self.blocks(attributes, hidden: hidden).openQuantized()
    var numbers = TestNumbers(seed: 4)
    let x = TestTensor(
      numbers.floats(Self.items * Self.sequence * Self.width), [Self.items, Self.sequence, Self.width])
    var first: TestTensor?
    for threads in [1, 2, 3] {
      let model = try Model.open(container: container, options: ModelOptions(threads: threads))
      let session = try Session.make(model: model)
      let result = try session.run([x], signature: "sparse")[0]
      if first == nil { first = result }
      #expect(result == first, "\(threads) threads")
      let part = 0..<x.data.count / Self.items
      let alone = TestTensor(type: .f32, dims: [1, Self.sequence, Self.width], data: Array(x.data[part]))
      #expect(try session.run([alone], signature: "sparse")[0].data == Array(result.data[part]))
    }
  }

  /// In experts and matrices whose rows pass in several waves, tiles or bands.
  @Test(arguments: [1, 2], [false, true]) func damageInBandsIsFound(threads: Int, isInt8: Bool) throws {
    let blocks = try Self.blocks(SparseMoEAttributes(k: 1, activation: .swiglu))
    let whole = isInt8 ? try blocks.openQuantized() : try blocks.open()
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: whole.fileSize, alignment: 64)
    defer { memory.deallocate() }
    memory.copyMemory(from: try #require(whole.bytes(offset: 0, size: whole.fileSize)))
    var numbers = TestNumbers(seed: 4)
    let x = TestTensor(
      numbers.floats(Self.items * Self.sequence * Self.width), [Self.items, Self.sequence, Self.width])
    func run() throws {
      let model = try Model.open(
        container: try Container.open(bytes: UnsafeRawBufferPointer(memory)),
        options: ModelOptions(threads: threads))
      _ = try Session.make(model: model).run([x], signature: "sparse")
    }
    try run()
    let expert = try #require(whole.expert(bank: 0, index: 1))
    let first = try #require(whole.tensorIndex(Name("first")).flatMap { whole.tensor(at: $0) })
    for place in [
      expert.offset, expert.offset + expert.size / 2, expert.offset + expert.size - 1, first.offset,
      first.offset + first.size - 1,
    ] {
      memory[place] ^= 0x10
      let error = #expect(throws: RuntimeError.self, "\(place)") { try run() }
      #expect("\(error as Any)".contains("checksum"))
      memory[place] ^= 0x10
    }
  }

  /// A step that quantises its input works beside those codes, whatever it makes: a product that makes codes
  /// of its output, and experts.
  @Test func codesOfTheInputOutliveTheStep() throws {
    var container = try Self.blocks(SparseMoEAttributes(k: 1, activation: .geluTanh))
    let (width, hidden) = (Self.width, Self.hidden)
    func graph(_ name: String, _ body: (inout GraphBuilder, GraphBuilder.Ref) -> GraphBuilder.Ref) throws {
      var b = GraphBuilder(name: name)
      let size = name == "second" ? hidden : width
      let dims: [GraphBuilder.Dim] = [.symbolic("B"), .symbolic("S"), .fixed(size)]
      let x = b.input("x", type: .f32, dims: dims)
      // Weights that meet an input itself would be those of patches, which stay floats.
      let y = body(&b, b.node(.relu, [x], name: "x1"))
      b.output(
        y, name: "y", type: .f32, dims: name == "first" ? [dims[0], dims[1], .fixed(hidden)] : Self.dims)
      container.signatures.append(Self.signature(name, try b.encode()))
    }
    func up(_ b: inout GraphBuilder, _ x: GraphBuilder.Ref) -> GraphBuilder.Ref {
      let product = b.node(.matMul, [x, b.external("first", dims: [width, hidden])], name: "up")
      return b.node(.relu, [product], name: "hidden")
    }
    func down(_ b: inout GraphBuilder, _ x: GraphBuilder.Ref) -> GraphBuilder.Ref {
      b.node(.matMul, [x, b.external("second", dims: [hidden, width])], name: "down")
    }
    func experts(_ b: inout GraphBuilder, _ x: GraphBuilder.Ref) -> GraphBuilder.Ref {
      let logits = b.node(.matMul, [x, b.external("router", dims: [width, 2])], name: "logits")
      let attributes = SparseMoEAttributes(k: 1, activation: .geluTanh)
      return b.node(.sparseMoE(bank: "bank", attributes), [x, logits], name: "moe")
    }
    try graph("first") { up(&$0, $1) }
    try graph("second") { down(&$0, $1) }
    try graph("both") { b, x in down(&b, up(&b, x)) }
    try graph("experts") { experts(&$0, $1) }
    // There a product has made the codes.
    try graph("shared") { b, x in
      let product = down(&b, up(&b, x)), moe = experts(&b, x)
      let none = b.node(.multiply, [product, b.constant("none", [Float(0)], dims: [1])], name: "none_")
      return b.node(.add, [moe, none], name: "sum")
    }
    let opened = try container.openQuantized()
    let first = try #require(opened.tensorIndex(Name("first")).flatMap { opened.tensor(at: $0) })
    #expect(first.type == .int8)
    var numbers = TestNumbers(seed: 6)
    let x = TestTensor(numbers.floats(200 * width), [1, 200, width])
    for threads in [1, 2] {
      let model = try Model.open(container: opened, options: ModelOptions(threads: threads))
      let session = try Session.make(model: model)
      let middle = try session.run([x], signature: "first")[0]
      #expect(try session.run([x], signature: "both") == session.run([middle], signature: "second"))
      let experts = try session.run([x], signature: "experts")[0]
      #expect(try experts.floats == session.run([x], signature: "shared")[0].floats)
    }
  }

  /// Two products read one value, one of them through a view with other rows: each has codes of its own.
  @Test func viewsWithOtherRowsHaveTheirOwnCodes() throws {
    var numbers = TestNumbers(seed: 5)
    var container = TestContainer()
    container.add("wide", numbers.floats(8 * 4), [8, 4], layout: .panel32)
    container.add("narrow", numbers.floats(4 * 4), [4, 4], layout: .panel32)
    container.add("scale", numbers.floats(8), [8])
    func signature(_ name: String, _ outputs: [String]) throws -> SignatureDraft {
      var b = GraphBuilder(name: name)
      let x = b.input("x", type: .f32, dims: [.symbolic("B"), .fixed(8)])
      let scale = b.external("scale", dims: [8])
      let h = b.node(.layerNormalization(epsilon: 1e-6), [x, scale], name: "h")
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
    let opened = try container.openQuantized()
    for name in ["wide", "narrow"] as [StaticString] {
      let tensor = try #require(opened.tensorIndex(Name(name)).flatMap { opened.tensor(at: $0) })
      #expect(tensor.type == .int8)
    }
    let session = try Session.make(model: try Model.open(container: opened))
    let x = TestTensor(numbers.floats(3 * 8), [3, 8])
    let a = try session.run([x], signature: "one")[0], c = try session.run([x], signature: "other")[0]
    #expect(try session.run([x], signature: "both") == [a, c])
    #expect(try session.run([x], signature: "turned") == [c, a])
  }
}
