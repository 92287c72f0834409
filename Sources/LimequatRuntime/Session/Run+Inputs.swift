internal import LimequatBytes
internal import LimequatContainer
internal import LimequatGraph
internal import LimequatTensor

/// What a call gives, brought into the form that steps read.
extension Run {
  /// Finds each input's place; narrows i64 and derives lengths in the arena.
  mutating func bind(_ views: UnsafeBufferPointer<TensorView>) throws(RuntimeError) {
    for (index, view) in views.enumerated() {
      guard let value = graph.value(at: index), let offset = plan.converted[index] else { continue }
      if view.type == .i64, value.type == .i32, offset >= 0 {
        inputs.append(try narrow(view, value.name, arena + offset))
      } else {
        inputs.append(view.bytes.baseAddress ?? UnsafeRawPointer(arena))
      }
    }
    guard signature.takesLengths, let offset = plan.converted[graph.inputCount - 1], offset >= 0 else {
      return
    }
    if views.count < graph.inputCount { inputs.append(try deriveLengths(arena + offset)) }
    try checkLengths()
  }

  private func narrow(
    _ view: TensorView, _ name: Name, _ target: UnsafeMutableRawPointer
  ) throws(RuntimeError) -> UnsafeRawPointer {
    let narrow = target.assumingMemoryBound(to: Int32.self)
    for index in 0..<view.bytes.count / 8 {
      let wide = view.bytes.load(fromByteOffset: index * 8, as: Int64.self)
      guard let value = Int32(exactly: wide) else {
        throw .indexOutOfRange(input: name.text, position: index, value: wide, limit: 1 << 31)
      }
      narrow[index] = value
    }
    return UnsafeRawPointer(target)
  }

  /// The length of a row of ids: without the trailing run of pads, but with the one that is the end of the
  /// text, and at least 1 (limoe-checkpoint, section 5).
  private func deriveLengths(_ target: UnsafeMutableRawPointer) throws(RuntimeError) -> UnsafeRawPointer {
    guard let index = signature.entry.tokenizer, let tokenizer = signature.container.tokenizer(at: index),
      let pad = tokenizer.padId, let eos = tokenizer.eosId, let shape = plan.inputs[0], let start = inputs[0]
    else { throw .lengthsMissing }
    let ids = start.assumingMemoryBound(to: Int32.self)
    let lengths = target.assumingMemoryBound(to: Int32.self)
    for item in 0..<shape[0] {
      var length = shape[1]
      while length > 0, ids[item * shape[1] + length - 1] == pad { length -= 1 }
      if pad == eos, length < shape[1] { length += 1 }
      lengths[item] = Int32(truncatingIfNeeded: max(1, length))  // a bounded dim of the signature
    }
    return UnsafeRawPointer(target)
  }

  private func checkLengths() throws(RuntimeError) {
    guard let shape = plan.inputs[0], let start = inputs[graph.inputCount - 1] else { return }
    let lengths = start.assumingMemoryBound(to: Int32.self)
    for item in 0..<shape[0] where lengths[item] < 1 || Int(lengths[item]) > shape[1] {
      throw .lengthOutOfRange(item: item, value: Int64(lengths[item]), limit: shape[1])
    }
  }

  /// Looks at the indices that callers give before anything is computed. They do not count from the end.
  func checkIndices() throws(RuntimeError) {
    for index in 0..<plan.steps.count {
      guard let step = plan.steps[index], let node = graph.node(at: step.node),
        case .gather(let axis) = node.op,
        let data = input(node, 0), let place = node.input(at: 1), let root = plan.values[place]?.root,
        case .input(let given)? = plan.values[root]?.place, let name = graph.value(at: given)?.name,
        let indices = input(node, 1)
      else { continue }
      let limit = data.value.shape[axis]
      for position in 0..<indices.value.count {
        let value = indices.integer(position)
        guard value >= 0, value < limit else {
          throw .indexOutOfRange(input: name.text, position: position, value: Int64(value), limit: limit)
        }
      }
    }
  }
}

extension Run.Operand {
  /// An element of an integer value.
  func integer(_ index: Int) -> Int {
    switch value.type {
    case .i32: Int(start.load(fromByteOffset: index * 4, as: Int32.self))
    case .i64: Int(start.load(fromByteOffset: index * 8, as: Int64.self))
    default: Int(start.load(fromByteOffset: index, as: UInt8.self))
    }
  }
}
