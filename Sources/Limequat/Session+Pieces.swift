internal import LimequatBytes
internal import LimequatContainer
internal import LimequatGraph
internal import LimequatRuntime
internal import LimequatTensor

/// What embedding images and embedding texts have in common.
extension Session {
  func facts(of signature: Int) throws(LimequatError) -> SignatureFacts {
    guard let facts = model.signature(at: signature) else {
      throw LimequatError(
        .notFound, "there is no signature \(signature): the model has \(model.signatureCount)")
    }
    return facts
  }

  /// The signature that embeds, after checking that it gives vectors for all items.
  func embedding(
    _ name: Name, into vectors: UnsafeMutableBufferPointer<Float>, count: Int
  ) throws(LimequatError) -> (index: Int, facts: SignatureFacts) {
    guard let index = model.signatureIndex(name), let facts = model.signature(at: index) else {
      throw LimequatError(.unsupported, "the model has no signature \"\(name.text)\"")
    }
    let size = model.embeddingSize
    guard facts.outputCount == 1, let output = facts.output(at: 0), output.type == .f32, output.rank == 2,
      output.dim(at: 1) == size, size > 0
    else {
      throw LimequatError(
        .unsupported, "signature \"\(name.text)\" does not give one vector of \(size) floats for each item")
    }
    let (expected, overflow) = count.multipliedReportingOverflow(by: size)
    guard !overflow, vectors.count == expected else {
      throw LimequatError(
        .shape, "there is room for \(vectors.count) floats, expected \(count) vectors of \(size)")
    }
    return (index, facts)
  }

  /// Memory for `count` items of `each` elements.
  func room(_ count: Int, _ each: Int, _ elementSize: Int) throws(LimequatError) -> Buffer {
    let (elements, overflow) = count.multipliedReportingOverflow(by: each)
    let (size, more) = elements.multipliedReportingOverflow(by: elementSize)
    guard !overflow, !more else {
      throw LimequatError(.memory, "\(count) items of \(each) elements do not fit into memory")
    }
    return try limequat { () throws(BytesError) in try Buffer(size: size) }
  }

  /// `count` rows of `each` floats from row `first` on.
  func rows(
    of floats: UnsafeMutableBufferPointer<Float>, from first: Int, count: Int = 1, width each: Int
  ) throws(LimequatError) -> UnsafeMutableBufferPointer<Float> {
    let (start, overflow) = first.multipliedReportingOverflow(by: each)
    let (size, more) = count.multipliedReportingOverflow(by: each)
    guard !overflow, !more, start >= 0, size >= 0, start <= floats.count, size <= floats.count - start else {
      throw LimequatError(.shape, "there is room for \(floats.count) floats, expected more")
    }
    return UnsafeMutableBufferPointer(rebasing: floats[start..<start + size])
  }

  /// Runs a signature of one input and one f32 output.
  func run(
    _ signature: Int, _ input: TensorView, into output: UnsafeMutableBufferPointer<Float>
  ) throws(LimequatError) {
    let view = MutableTensorView(type: .f32, bytes: UnsafeMutableRawBufferPointer(output))
    var inputs = input
    var outputs = view
    let result: Result<Void, LimequatError> = withUnsafePointer(to: &inputs) { inputs in
      withUnsafePointer(to: &outputs) { outputs in
        do throws(LimequatError) {
          return .success(
            try run(
              signature, UnsafeBufferPointer(start: inputs, count: 1),
              UnsafeBufferPointer(start: outputs, count: 1), items: input.shape[0]))
        } catch { return .failure(error) }
      }
    }
    try result.get()
  }
}
