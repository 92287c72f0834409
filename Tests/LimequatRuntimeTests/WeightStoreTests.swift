import LimequatContainer
import LimequatGraph
import LimequatRuntime
import LimequatTestSupport
import Testing

/// Tensors that are compared with their checksums by all threads, a megabyte at a time.
@Suite struct WeightStoreTests {
  private static let width = 100

  /// x + the sum over a table of `rows` rows.
  private static func container(rows: Int) throws -> Container {
    var numbers = TestNumbers(seed: 5)
    var container = TestContainer()
    container.add("table", numbers.floats(rows * width), [rows, width])
    var b = GraphBuilder(name: "sum")
    let x = b.input("x", type: .f32, dims: [.symbolic("B"), .fixed(width)])
    let sum = b.node(
      .reduceSum(axis: 0, keepDims: true), [b.external("table", dims: [rows, width])], name: "sum")
    b.output(
      b.node(.add, [x, sum], name: "y"), name: "y", type: .f32, dims: [.symbolic("B"), .fixed(width)])
    var signature = SignatureDraft(name: "sum", model: try b.encode(), modality: "none")
    signature.dimensions = [("B", 1, nil)]
    container.signatures = [signature]
    return try container.open()
  }

  /// Of less than a part, of whole parts and of one more; a bit in each part, and at its ends.
  @Test(arguments: [1, 2621, 2622, 5243, 7000], [1, 2, 3]) func everyPartIsChecked(rows: Int, threads: Int)
    throws
  {
    let whole = try Self.container(rows: rows)
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: whole.fileSize, alignment: 64)
    defer { memory.deallocate() }
    memory.copyMemory(from: try #require(whole.bytes(offset: 0, size: whole.fileSize)))
    let table = try #require(whole.tensor(at: 0))
    let x = TestTensor([Float](repeating: 1, count: Self.width), [1, Self.width])
    func run() throws {
      let model = try Model.open(
        container: try Container.open(bytes: UnsafeRawBufferPointer(memory)),
        options: ModelOptions(threads: threads))
      _ = try Session.make(model: model).run([x], signature: "sum")
    }
    try run()
    let ends = stride(from: 0, through: table.size, by: 1 << 20).flatMap { [$0 - 1, $0] } + [table.size - 1]
    for place in ends where (0..<table.size).contains(place) {
      memory[table.offset + place] ^= 1
      let error = #expect(throws: RuntimeError.self, "\(place)") { try run() }
      #expect("\(error as Any)".contains("table"))
      memory[table.offset + place] ^= 1
    }
  }
}
