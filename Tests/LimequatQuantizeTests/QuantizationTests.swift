import Foundation
import LimequatBytes
import LimequatContainer
import LimequatTensor
import LimequatTestSupport
import Testing

@testable import LimequatQuantize

@Suite struct QuantizationTests {
  private let folder = try? TemporaryFolder()
  private func path(_ name: String) throws -> String { try #require(folder).file(name) }

  /// The whole way, against formats/quantization.md in numpy: as a matrix, as a table, and as `second` of an
  /// expert whose `first` is the same matrix or another.
  @Test(arguments: Matrix.all)
  func blocksAndTensorsAreThoseOfThePage(matrix: Matrix) throws {
    let (from, to) = (try path("from.lmq"), try path("to.lmq"))
    let writer = try ContainerWriter.create(path: from)
    try writer.beginBank(
      BankDraft(
        name: "moe", inputSize: matrix.inputs, hiddenSize: matrix.outputs, outputSize: 1, isGated: true))
    try writer.beginExpert(encoding: .f32)
    let padded = (matrix.outputs + 31) / 32 * 32
    let bias = floatBytes((0..<padded).map { $0 < matrix.outputs ? Float($0) : 0 }, .f32)
    for _ in 0..<2 {
      try writer.write(array: matrix.stored(.f32))
      try writer.write(array: bias)
    }
    try writer.write(array: [UInt8](repeating: 0, count: matrix.outputs * 128 + 128))
    try writer.end()
    try writer.endBank()
    try writer.finish(ManifestDraft())
    _ = try Quantization.run(from: from, to: to)

    let result = try Container.open(path: to)
    try result.verify()
    let expert = try #require(result.expert(bank: 0, index: 0))
    #expect(expert.encoding == .int8)
    let expected = matrix.panels + bias
    let block = result.contents(expert.offset, expert.size)
    #expect(Array(block.prefix(2 * expected.count)) == expected + expected)
    #expect(block.dropFirst(2 * expected.count).allSatisfy { $0 == 0 })
  }

  @Test(arguments: Matrix.all)
  func tablesAndPanelsOutsideBanksAreThoseOfThePage(matrix: Matrix) throws {
    let container = try quantizedDense(matrix, .f32)
    #expect(container.tensor("matrix").map { container.contents($0.offset, $0.size) } == matrix.panels)
    #expect(container.tensor("table").map { container.contents($0.offset, $0.size) } == matrix.rows)
  }

  /// Weights that bf16 and f16 hold exactly give the same codes, whichever of them they come in.
  @Test(arguments: [ElementType.f16, .bf16])
  func halvesAreWidenedFirst(type: ElementType) throws {
    var matrix = Matrix.all[4]
    for index in matrix.weights.indices {
      matrix.weights[index] = Float(Int(matrix.weights[index] * 16) % 256) / 32
    }
    let wide = try quantizedDense(matrix, .f32)
    let narrow = try quantizedDense(matrix, type)
    for name in ["matrix", "table"] {
      let expected = try #require(wide.tensor(name))
      let found = try #require(narrow.tensor(name))
      #expect(found.type == .int8)
      #expect(narrow.contents(found.offset, found.size) == wide.contents(expected.offset, expected.size))
    }
  }

  private func quantizedDense(_ matrix: Matrix, _ type: ElementType) throws -> Container {
    let (from, to) = (try path("\(type).lmq"), try path("\(type)-int8.lmq"))
    let writer = try ContainerWriter.create(path: from)
    try writer.beginTensor(
      "matrix", type: type, layout: .panel32, shape: Shape(of: matrix.inputs, matrix.outputs))
    try writer.write(array: matrix.stored(type))
    try writer.end()
    try writer.beginTensor(
      "table", type: type, layout: .rows, shape: Shape(of: matrix.outputs, matrix.inputs))
    try writer.write(array: matrix.storedRows(type))
    try writer.end()
    var draft = ManifestDraft()
    draft.signatures = [
      try Graphs.signature(inputs: matrix.inputs, outputs: matrix.outputs)
    ]
    try writer.finish(draft)
    _ = try Quantization.run(from: from, to: to, options: QuantizationOptions(dense: .int8))
    let container = try Container.open(path: to)
    try container.verify()
    return container
  }

  @Test(arguments: [QuantizationOptions.Dense.keep, .f16, .int8])
  func bytesDoNotDependOnThreads(dense: QuantizationOptions.Dense) throws {
    let from = try path("from.lmq")
    try TinyModel().write(to: from)
    var results: [[UInt8]] = []
    for threads in [1, 2, 7, 0] {
      let to = try path("\(threads).lmq")
      _ = try Quantization.run(
        from: from, to: to, options: QuantizationOptions(dense: dense, threads: threads))
      results.append(try bytes(ofFile: to))
    }
    #expect(results.allSatisfy { $0 == results[0] })
  }

  @Test(arguments: [QuantizationOptions.Dense.keep, .f16, .int8], [ElementType.f32, .bf16, .f16])
  func eachRoleGetsItsType(dense: QuantizationOptions.Dense, type: ElementType) throws {
    let (from, to) = (try path("from.lmq"), try path("to.lmq"))
    try TinyModel(type: type).write(to: from)
    _ = try Quantization.run(from: from, to: to, options: QuantizationOptions(dense: dense))
    let (before, after) = (try Container.open(path: from), try Container.open(path: to))
    try after.verify()
    for (name, layout, shape) in TinyModel.tensors {
      let found = try #require(after.tensor(name))
      let source = try #require(before.tensor(name))
      let expected: ElementType =
        switch (dense, name) {
        case (.f16, "a/patch"), (.f16, "d/head"), (.f16, "e/table"), (.f16, "g/query"), (.int8, "a/patch"):
          .f16
        case (.int8, "d/head"), (.int8, "e/table"), (.int8, "g/query"): .int8
        default: source.type
        }
      #expect(found.type == expected, "\(name)")
      #expect(found.layout == layout && found.shape == shape)
      if expected == source.type {
        #expect(after.contents(found.offset, found.size) == before.contents(source.offset, source.size))
      }
    }
  }

  @Test func theRestIsTakenOver() throws {
    let (from, to, again) = (try path("from.lmq"), try path("to.lmq"), try path("again.lmq"))
    try TinyModel().write(to: from)
    let report = try Quantization.run(from: from, to: to)
    let (before, after) = (try Container.open(path: from), try Container.open(path: to))
    #expect(after.embeddingSize == 33)
    #expect(after.logitScale == 2.5)
    #expect(after.imagePreprocessing(at: 0) == before.imagePreprocessing(at: 0))
    #expect(after.tokenizer(at: 0)?.eos == .sticky)
    #expect(after.tokenizer(at: 0)?.padId == 0)
    #expect(after.signatureCount == 2)
    for index in 0..<2 {
      let (a, b) = (try #require(before.signature(at: index)), try #require(after.signature(at: index)))
      #expect(Array(a.model) == Array(b.model))
      #expect(a.imagePreprocessing == b.imagePreprocessing && a.tokenizer == b.tokenizer)
      #expect(a.dimension(at: 0)?.max == b.dimension(at: 0)?.max)
    }
    #expect((0..<3).map { after.metadata(at: $0)?.key.text } == ["license", "quantization", "source"])
    #expect(after.metadata(at: 1)?.value.text == "experts int8, dense keep")
    #expect(after.expert(bank: 0, index: 0)?.usage(at: 1)?.share == 0.5)
    #expect((0..<5).map { after.expert(bank: 0, index: $0)?.encoding } == [.int8, .int8, nil, .int8, .int8])

    #expect(report.banks[0].experts.map(\.from) == ["f32", "bf16", nil, "f16", "f32"])
    #expect(report.banks[0].experts.map(\.to) == ["int8", "int8", nil, "int8", "int8"])
    #expect(report.banks[0].experts[2].snr == nil)
    #expect((30...60).contains(report.banks[0].snr ?? 0))
    #expect(report.worstRows.count == 16)
    #expect(report.worstRows[0] == report.banks[0].experts.compactMap(\.worstRow).min { $0.snr < $1.snr })
    #expect(report.bytesBefore == before.fileSize && report.bytesAfter == after.fileSize)
    let json = String(decoding: try JSONEncoder().encode(report), as: UTF8.self)
    #expect(json.contains("\"worst_rows\":[") && json.contains("\"snr_db\":"))
    #expect(report.table.contains("moe"))

    // Blocks that are int8 already are copied, with what the first run measured being gone.
    let second = try Quantization.run(from: to, to: again, options: QuantizationOptions(dense: .f16))
    let last = try Container.open(path: again)
    try last.verify()
    for index in [0, 1, 3, 4] {
      let (a, b) = (
        try #require(after.expert(bank: 0, index: index)), try #require(last.expert(bank: 0, index: index))
      )
      #expect(after.contents(a.offset, a.size) == last.contents(b.offset, b.size))
    }
    #expect(second.banks[0].snr == nil && second.tensors.map(\.to) == ["f16", "f16", "f16", "f16"])
    #expect(last.metadata(at: 1)?.value.text == "experts int8, dense keep; experts int8, dense f16")
  }

  @Test func expertsCanBeKept() throws {
    let (from, to) = (try path("from.lmq"), try path("to.lmq"))
    try TinyModel().write(to: from)
    _ = try Quantization.run(from: from, to: to, options: QuantizationOptions(experts: .keep, dense: .int8))
    let (before, after) = (try Container.open(path: from), try Container.open(path: to))
    for index in 0..<5 {
      let (a, b) = (
        try #require(before.expert(bank: 0, index: index)), try #require(after.expert(bank: 0, index: index))
      )
      #expect(a.encoding == b.encoding)
      #expect(before.contents(a.offset, a.size) == after.contents(b.offset, b.size))
    }
  }

  @Test func progressEndsWithAllBytes() throws {
    let (from, to) = (try path("from.lmq"), try path("to.lmq"))
    try TinyModel().write(to: from)
    var calls: [(Int, Int)] = []
    _ = try Quantization.run(from: from, to: to) { calls.append(($0, $1)) }
    #expect(calls.first?.0 == 0)
    #expect(calls.last.map { $0.0 == $0.1 } == true)
    #expect(zip(calls, calls.dropFirst()).allSatisfy { $0.0 < $1.0 && $0.1 == $1.1 })
  }
}
