internal import LimequatBytes
import LimequatGraph
internal import LimequatTensor
import Testing

/// The image tower of a small LIMoE, as the converter writes it.
private func imageTower(moe: SparseMoEAttributes) -> GraphBuilder {
  var b = GraphBuilder(name: "image")
  let image = b.input("image", type: .f32, dims: [.symbolic("B"), .fixed(4), .fixed(4), .fixed(3)])
  var h = b.node(.reshape([0, 2, 2, 2, 6]), [image], name: "patches/rows")
  h = b.node(.transpose([0, 1, 3, 2, 4]), [h], name: "patches/turned")
  h = b.node(.reshape([0, 4, 12]), [h], name: "patches")
  h = b.node(.matMul, [h, b.external("embedding/kernel", dims: [12, 8])], name: "embedding")
  let y = b.node(
    .layerNormalization(epsilon: 1e-6), [h, b.external("norm/scale", dims: [8]), nil], name: "norm")
  let a = b.node(.attention(heads: 2, kvHeads: 2), [y, y, y], name: "attention")
  let router = b.node(.matMul, [a, b.external("router", dims: [8, 4])], name: "logits")
  let m = b.node(.sparseMoE(bank: "bank", moe), [a, router], name: "moe")
  let u = b.node(.reduceMean(axis: 1, keepDims: false), [m], name: "pool")
  b.output(u, name: "embedding_out", type: .f32, dims: [.symbolic("B"), .fixed(8)])
  return b
}

@Test func buildersWriteWhatTheReaderReads() throws {
  let moe = SparseMoEAttributes(
    k: 2, activation: .swiglu, normalizeGates: true, softmax: .kept, capacityFactor: 1.05,
    capacityRounding: .round, capacityMultiple: 4, group: .tokens(16), batchPriority: true, dispatchBF16: true
  )
  let bytes = try imageTower(moe: moe).encode()
  #expect(try imageTower(moe: moe).encode() == bytes)
  let graph = try decode(bytes)
  let node = try #require(graph.node(at: 7))
  guard case .sparseMoE(let bank, let read) = node.op else { throw GraphError.memory(.notAFile) }
  #expect(bank == Name("bank"))
  #expect(read == moe)
  #expect(read.capacityFactor == 1.05)
  let first = try #require(graph.node(at: 0))
  #expect(first.name == Name("patches/rows"))
  guard case .reshape(let list) = first.op else { throw GraphError.memory(.notAFile) }
  #expect(list.description == "[0, 2, 2, 2, 6]")
  #expect(graph.outputIndex(Name("embedding_out")) == 0)
  #expect(graph.inputIndex(Name("image")) == 0)
  #expect(graph.value(at: try #require(graph.output(at: 0)))?.name == Name("embedding_out"))
}

@Test func everyAttributeComesBack() throws {
  var variants = SparseMoEAttributes.Activation.allCases.map { SparseMoEAttributes(k: 1, activation: $0) }
  for factor in [0, 1, 1.05, 1.1, 0.1, 1 / 3, 4.0, 1e-7, 123_456.789] as [Double] {
    variants.append(SparseMoEAttributes(k: 3, activation: .relu, capacityFactor: factor, group: .sequence))
  }
  for moe in variants {
    let graph = try decode(imageTower(moe: moe).encode())
    guard case .sparseMoE(_, let read)? = graph.node(at: 7)?.op else { throw GraphError.memory(.notAFile) }
    #expect(read == moe)
  }
}

@Test func buildersAreHeldToTheRules() {
  var twice = GraphBuilder(name: "g")
  let x = twice.input("x", type: .f32, dims: [.fixed(2)])
  let y = twice.node(.relu, [x], name: "y")
  let z = twice.node(.relu, [y], name: "y")
  twice.output(twice.node(.relu, [z], name: "z"), name: "z", type: .f32, dims: [.fixed(2)])
  #expect(#expect(throws: GraphError.self) { try twice.encode() }?.rule == .uniqueNames)

  var zero = GraphBuilder(name: "g")
  let a = zero.input("a\0b", type: .f32, dims: [.fixed(2)])
  zero.output(zero.node(.relu, [a], name: "y"), name: "z", type: .f32, dims: [.fixed(2)])
  #expect(#expect(throws: GraphError.self) { try zero.encode() }?.rule == .names)
}

@Test func callsMustFitTheDeclaredDims() throws {
  var b = GraphBuilder(name: "g")
  let x = b.input("x", type: .f32, dims: [.symbolic("B"), .fixed(3)])
  let y = b.input("y", type: .f32, dims: [.symbolic("B"), .symbolic("T")])
  b.output(
    b.node(.concat(axis: 1), [x, y], name: "c"), name: "z", type: .f32, dims: [.symbolic("B"), .fixed(7)])
  let graph = try decode(b.encode())
  func infer(_ a: Shape, _ b: Shape) throws -> InferredShapes {
    try graph.inferShapes(inputs: { $0 == 0 ? a : b }, externals: { _ in nil }, banks: { _ in nil })
  }
  #expect(try infer(Shape(of: 2, 3), Shape(of: 2, 4))[2] == Shape(of: 2, 7))
  let bad: [(Shape, Shape)] = [
    (Shape(of: 2, 4), Shape(of: 2, 4)), (Shape(of: 2, 3), Shape(of: 1, 4)),
    (Shape(of: 2, 3, 1), Shape(of: 2, 4)),
    (Shape(of: 0, 3), Shape(of: 0, 4)),
  ]
  for (a, b) in bad {
    let error = #expect(throws: GraphError.self) { _ = try infer(a, b) }
    #expect(error?.rule == .inputShapes)
  }
  let error = #expect(throws: GraphError.self) { _ = try infer(Shape(of: 2, 3), Shape(of: 2, 5)) }
  #expect(error?.rule == .outputShapes)
  #expect("\(try #require(error))" == "G31 output-shapes: 'z': expected [B, 7], found [2, 8]")
}

@Test func slicesAreNumPys() {
  #expect(SliceRange(start: 1, end: .max, step: 2, size: 6) == SliceRange(start: 1, end: 6, step: 2, size: 6))
  #expect(SliceRange(start: 1, end: .max, step: 2, size: 6).count == 3)
  #expect(SliceRange(start: -2, end: .max, step: 1, size: 6).start == 4)
  #expect(SliceRange(start: .min, end: -1, step: .max, size: 6).count == 1)
  #expect(SliceRange(start: 4, end: 2, step: 1, size: 6).count == 0)
}
