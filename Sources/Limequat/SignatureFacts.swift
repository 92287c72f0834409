package import LimequatBytes
internal import LimequatContainer
internal import LimequatGraph
package import LimequatTensor

/// A signature as the file declares it. Names are valid while the model lives.
package struct SignatureFacts {
  let entry: SignatureEntry
  let graph: Graph
  let container: Container

  package var name: Name { entry.name }
  package var modality: Name { entry.modality }
  package var inputCount: Int { graph.inputCount }
  package var outputCount: Int { graph.outputCount }

  /// How its first input is made from pixels.
  var imagePreprocessing: ImagePreprocessing? {
    entry.imagePreprocessing.flatMap { container.imagePreprocessing(at: $0) }
  }
  package var imageSize: (height: Int, width: Int)? { imagePreprocessing.map { ($0.height, $0.width) } }

  /// How its first input is made from texts; nil also where the model takes ready ids only.
  var tokenizer: TokenizerEntry? {
    entry.tokenizer.flatMap { container.tokenizer(at: $0) }.flatMap { $0.kind == .idsOnly ? nil : $0 }
  }
  package var hasTokenizer: Bool { tokenizer != nil }

  package func input(at index: Int) -> TensorFacts? {
    guard let place = graph.input(at: index), let value = graph.value(at: place), let dims = value.dims else {
      return nil
    }
    return TensorFacts(
      name: value.name, type: value.type.element, dims: dims,
      isOptional: index > 0 && index == graph.inputCount - 1 && value.name == Name("lengths"))
  }

  package func output(at index: Int) -> TensorFacts? {
    guard let place = graph.output(at: index), let value = graph.value(at: place),
      let dims = graph.outputDims(at: index)
    else { return nil }
    return TensorFacts(name: value.name, type: value.type.element, dims: dims, isOptional: false)
  }

  package func inputIndex(_ name: Name) -> Int? { graph.inputIndex(name) }
  package func outputIndex(_ name: Name) -> Int? { graph.outputIndex(name) }
}

/// An input or an output as the file declares it.
package struct TensorFacts {
  package let name: Name
  package let type: ElementType
  let dims: DeclaredDims
  /// An input that is found from the others when it is left out.
  package let isOptional: Bool

  package var rank: Int { dims.rank }
  /// Nil: free, the caller's choice in each call.
  package func dim(at axis: Int) -> Int? {
    if case .fixed(let size)? = dims[axis] { size } else { nil }
  }
}

extension GraphType {
  var element: ElementType {
    switch self {
    case .f32: .f32
    case .u8: .u8
    case .i32: .i32
    case .i64: .i64
    case .bool: .bool
    }
  }
}
