import LimequatContainer
import LimequatGraph
import LimequatTestSupport
import Testing

@testable import LimequatQuantize

@Suite struct RoleTests {
  private let folder = try? TemporaryFolder()

  private func roles(_ graphs: GraphBuilder...) throws -> WeightRoles {
    let path = try #require(folder).file("model.lmq")
    let writer = try ContainerWriter.create(path: path)
    var draft = ManifestDraft()
    for (index, graph) in graphs.enumerated() {
      draft.signatures.append(
        SignatureDraft(name: "\(index)", model: try graph.encode(), modality: "any"))
    }
    try writer.finish(draft)
    return try WeightRoles(try Container.open(path: path))
  }

  @Test func rolesAreThoseOfUses() throws {
    let roles = try roles(TinyModel.imageGraph(), TinyModel.textGraph())
    #expect(roles["a/patch"] == .patch)
    #expect(roles["b/bias"] == .other)
    #expect(roles["c/router"] == .router)
    // Behind a division by an input, which makes it no raw value.
    #expect(roles["d/head"] == .matrix)
    #expect(roles["e/table"] == .table)
    #expect(roles["f/positions"] == .other)
    #expect(roles["g/query"] == .matrix)
    #expect(roles["h/loose"] == .other)
    #expect(roles["i/scale"] == .other)
  }

  @Test func routersWithBiasAndReshape() throws {
    var b = GraphBuilder(name: "graph")
    let x = b.input("x", type: .f32, dims: [.fixed(2), .fixed(8)])
    let wide = b.node(.matMul, [x, b.external("before", dims: [8, 8])], name: "wide")
    let product = b.node(.matMul, [wide, b.external("router", dims: [8, 5])], name: "product")
    let biased = b.node(.add, [product, b.external("bias", dims: [5])], name: "biased")
    let logits = b.node(.reshape([2, 5]), [biased], name: "logits")
    let y = b.node(
      .sparseMoE(bank: "moe", SparseMoEAttributes(k: 1, activation: .relu)), [wide, logits], name: "moe")
    b.output(y, name: "y", type: .f32, dims: [.fixed(2), .fixed(8)])
    let roles = try roles(b)
    #expect(roles["router"] == .router)
    #expect(roles["before"] == .patch)
    #expect(roles["bias"] == .other)
  }

  @Test func twoRolesAreNone() throws {
    var b = GraphBuilder(name: "graph")
    let ids = b.input("ids", type: .i32, dims: [.fixed(3)])
    let table = b.external("e/table", dims: [70, 8])
    let rows = b.node(.gather(axis: 0), [table, ids], name: "rows")
    let mean = b.node(.reduceMean(axis: 0, keepDims: true), [table], name: "mean")
    let sum = b.node(.add, [rows, mean], name: "sum")
    b.output(sum, name: "y", type: .f32, dims: [.fixed(3), .fixed(8)])
    #expect(try roles(b)["e/table"] == .other)
    #expect(try roles(TinyModel.textGraph(), b)["e/table"] == .other)
    #expect(try roles(b, TinyModel.textGraph())["e/table"] == .other)
  }
}
