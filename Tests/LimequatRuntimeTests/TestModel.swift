import Foundation
import LimequatBytes
import LimequatContainer
import LimequatGraph
import LimequatQuantize
import LimequatRuntime
import LimequatTensor
import LimequatTestSupport
import Testing

/// A tensor in memory, row-major.
struct TestTensor: Equatable {
  var type: ElementType
  var dims: [Int]
  var data: [UInt8]

  init(type: ElementType, dims: [Int], data: [UInt8]) {
    self.type = type
    self.dims = dims
    self.data = data
  }

  init(_ values: [Float], _ dims: [Int]) {
    self.init(type: .f32, dims: dims, data: values.withUnsafeBytes { Array($0) })
  }
  init(_ values: [Int32], _ dims: [Int]) {
    self.init(type: .i32, dims: dims, data: values.withUnsafeBytes { Array($0) })
  }
  init(_ values: [Int64], _ dims: [Int]) {
    self.init(type: .i64, dims: dims, data: values.withUnsafeBytes { Array($0) })
  }

  var shape: Shape { Shape(dims) ?? Shape() }
  var floats: [Float] { data.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) } }
}

/// A container that a test writes: signatures, and what their graphs name.
struct TestContainer {
  struct Expert {
    /// (inputs, outputs) row-major, in the order of the block.
    var matrices: [(weights: [Float], bias: [Float])]
  }

  var signatures: [SignatureDraft] = []
  var tensors: [(name: String, layout: Layout, tensor: TestTensor)] = []
  /// A nil expert is absent.
  var banks: [(draft: BankDraft, experts: [Expert?])] = []
  var tokenizers: [TokenizerDraft] = []

  mutating func add(_ name: String, _ values: [Float], _ dims: [Int], layout: Layout = .rows) {
    tensors.append((name, layout, TestTensor(values, dims)))
  }

  func open() throws -> Container {
    let folder = try TemporaryFolder()
    let path = folder.file("model.lmq")
    try write(to: path)
    return try Container.open(path: path)
  }

  /// With every matrix and every expert int8.
  func openQuantized() throws -> Container {
    let folder = try TemporaryFolder()
    try write(to: folder.file("f32.lmq"))
    _ = try Quantization.run(
      from: folder.file("f32.lmq"), to: folder.file("int8.lmq"),
      options: QuantizationOptions(experts: .int8, dense: .int8, threads: 1))
    return try Container.open(path: folder.file("int8.lmq"))
  }

  private func write(to path: String) throws {
    let writer = try ContainerWriter.create(path: path)
    for (name, layout, tensor) in tensors {
      try writer.beginTensor(name, type: tensor.type, layout: layout, shape: tensor.shape)
      let bytes =
        layout == .panel32
        ? panels(tensor.floats, tensor.dims[0], tensor.dims[1]).withUnsafeBytes { Array($0) } : tensor.data
      try bytes.withUnsafeBytes { try writer.write($0) }
      try writer.end()
    }
    for (draft, experts) in banks {
      try writer.beginBank(draft)
      for expert in experts {
        guard let expert else {
          try writer.absentExpert()
          continue
        }
        try writer.beginExpert(encoding: .f32)
        for (index, matrix) in expert.matrices.enumerated() {
          let isLast = index == expert.matrices.count - 1
          let (inputs, outputs) =
            isLast ? (draft.hiddenSize, draft.outputSize) : (draft.inputSize, draft.hiddenSize)
          var part = panels(matrix.weights, inputs, outputs)
          part += matrix.bias + [Float](repeating: 0, count: (outputs + 31) / 32 * 32 - outputs)
          try part.withUnsafeBytes { try writer.write($0) }
        }
        try writer.end()
      }
      try writer.endBank()
    }
    var manifest = ManifestDraft()
    manifest.signatures = signatures
    manifest.tokenizers = tokenizers
    try writer.finish(manifest)
  }

  /// [ceil(outputs / 32)][inputs][32], padded with zeros.
  private func panels(_ weights: [Float], _ inputs: Int, _ outputs: Int) -> [Float] {
    var result: [Float] = []
    for panel in 0..<(outputs + 31) / 32 {
      for input in 0..<inputs {
        for column in panel * 32..<panel * 32 + 32 {
          result.append(column < outputs ? weights[input * outputs + column] : 0)
        }
      }
    }
    return result
  }
}

extension Model {
  static func open(_ container: TestContainer, threads: Int = 1, kernels: StaticString? = nil) throws -> Model
  {
    try open(
      container: try container.open(),
      options: ModelOptions(threads: threads, kernels: kernels.map { Name($0) }))
  }
}

extension Session {
  /// Runs the signature of this name, or the only one.
  func run(_ inputs: [TestTensor], signature: StaticString? = nil) throws -> [TestTensor] {
    let index = signature.flatMap { model.signatureIndex(Name($0)) } ?? 0
    let graph = try #require(model.graph(of: index))
    var outputs: [TestTensor] = []
    try inputs.map { $0.shape }.withUnsafeBufferPointer { shapes in
      for output in 0..<graph.outputCount {
        let shape = try outputShape(signature: index, output: output, inputs: shapes)
        let value = try #require(graph.output(at: output).flatMap { graph.value(at: $0) })
        let type = try #require(ElementType(rawValue: elementTypes[value.type] ?? 0))
        let count = try #require(shape.count)
        outputs.append(
          TestTensor(
            type: type, dims: (0..<shape.rank).map { shape[$0] },
            data: [UInt8](repeating: 0xAA, count: count * type.size)))
      }
    }
    // Arrays begin at multiples of 16.
    let views = inputs.map { input in
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: input.data.count, alignment: 64)
      memory.copyBytes(from: input.data)
      return TensorView(type: input.type, shape: input.shape, bytes: UnsafeRawBufferPointer(memory))
    }
    let targets = outputs.map { output in
      MutableTensorView(
        type: output.type,
        bytes: UnsafeMutableRawBufferPointer.allocate(byteCount: output.data.count, alignment: 64))
    }
    defer {
      for view in views { view.bytes.deallocate() }
      for target in targets { target.bytes.deallocate() }
    }
    try views.withUnsafeBufferPointer { views in
      try targets.withUnsafeBufferPointer { try run(signature: index, inputs: views, outputs: $0) }
    }
    for index in outputs.indices { outputs[index].data = Array(targets[index].bytes) }
    return outputs
  }
}

private let elementTypes: [GraphType: Int32] = [.f32: 1, .u8: 5, .i32: 6, .i64: 7, .bool: 8]

/// Numbers in [-1, 1) that look random and are the same every time.
struct TestNumbers {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> Float {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Float(Int64(bitPattern: state) >> 40) / 0x1p23
  }

  mutating func floats(_ count: Int, scale: Float = 1) -> [Float] { (0..<count).map { _ in next() * scale } }
}
