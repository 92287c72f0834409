internal import LimequatBytes
internal import LimequatTensor

extension Session {
  /// Runs a signature once, on the whole batch, and gives all its outputs. Inputs come in any order; one that
  /// is optional may be left out. i64 is accepted where the model declares i32. The corresponding C function
  /// is `lmq_session_run`.
  public func run(
    _ signature: String, _ inputs: [(name: String, tensor: Tensor)]
  ) throws(LimequatError) -> [(name: String, tensor: Tensor)] {
    let signatureName = try Names.make([signature])
    guard let name = signatureName.table[0], let index = model.signatureIndex(name),
      let facts = model.signature(at: index)
    else { throw LimequatError(.notFound, "the model has no signature \"\(signature)\"") }

    let names = try Names.make(inputs.map { $0.name })
    let inputMemory = try Session.memory(inputs.map { $0.tensor.values.size })
    let given = try Session.named(inputs, names, inputMemory)
    var asked = try limequat { () throws(BytesError) in try Table<NamedOutput>(capacity: facts.outputCount) }
    let nowhere = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    for place in 0..<facts.outputCount {
      if let output = facts.output(at: place) { asked.append(NamedOutput(name: output.name, room: nowhere)) }
    }
    try plan(signature: index, inputs: given, outputs: &asked)

    let outputMemory = try Session.memory((0..<asked.count).map { asked[$0]?.size ?? 0 })
    var end = 0
    for place in 0..<asked.count {
      guard let output = asked[place] else { continue }
      asked.replace(
        place, with: NamedOutput(name: output.name, room: Session.piece(outputMemory, output.size, &end)))
    }
    try run(signature: index, inputs: given, outputs: &asked)
    var results: [(name: String, tensor: Tensor)] = []
    for place in 0..<asked.count {
      guard let output = asked[place] else { continue }
      let dims = (0..<output.shape.rank).map { output.shape[$0] }
      let values = Tensor.Values(output.type, UnsafeRawBufferPointer(output.room))
      results.append((output.name.text, Tensor(dims: dims, values: values)))
    }
    return results
  }

  private static func named(
    _ inputs: [(name: String, tensor: Tensor)], _ names: Names, _ memory: borrowing Buffer
  ) throws(LimequatError) -> Table<NamedInput> {
    var named = try limequat { () throws(BytesError) in try Table<NamedInput>(capacity: inputs.count) }
    var end = 0
    for (place, input) in inputs.enumerated() {
      guard let name = names.table[place] else { continue }
      guard let shape = Shape(input.tensor.dims) else {
        throw LimequatError(
          .shape, "input \"\(input.name)\" has a negative dim, or more dims than \(Shape.maximumRank)")
      }
      let bytes = piece(memory, input.tensor.values.size, &end)
      input.tensor.values.copy(to: bytes)
      named.append(
        NamedInput(
          name: name, type: input.tensor.values.type, shape: shape, bytes: UnsafeRawBufferPointer(bytes)))
    }
    return named
  }

  /// Room for tensors of these sizes, each aligned to 64.
  private static func memory(_ sizes: [Int]) throws(LimequatError) -> Buffer {
    var total = 0
    for size in sizes {
      let (sum, overflow) = total.addingReportingOverflow(size)
      guard !overflow, sum <= Int.max - 64 else {
        throw LimequatError(.memory, "the tensors of this call do not fit into memory")
      }
      total = (sum + 63) / 64 * 64
    }
    return try limequat { [total] () throws(BytesError) in try Buffer(size: total) }
  }

  /// The next piece of what `memory(_:)` gave.
  private static func piece(
    _ memory: borrowing Buffer, _ size: Int, _ end: inout Int
  ) -> UnsafeMutableRawBufferPointer {
    let start = end
    end += (size + 63) / 64 * 64
    return UnsafeMutableRawBufferPointer(start: memory.start + start, count: size)
  }
}
