internal import LimequatBytes
internal import LimequatGraph
internal import LimequatTensor

/// Nodes that move elements.
extension Run {
  func concat(_ node: Node, _ axis: Int, _ y: UnsafeMutableRawPointer, _ output: PlannedValue) {
    let strides = LoopNest.contiguous(output.shape)
    let axis = axis < 0 ? axis + output.shape.rank : axis
    var start = 0
    for place in 0..<node.inputCount {
      guard let x = input(node, place) else { continue }
      let nest = LoopNest.part(x.value.shape, strides, LoopNest.contiguous(x.value.shape))
      engine.copy(nest, y + start * output.type.size, x.start, size: output.type.size)
      start += x.value.shape[axis] * strides[axis]
    }
  }

  /// The output's dims say how many elements are taken; starts are clamped as Python does.
  func slice(
    _ x: Operand, _ starts: IntegerList, _ axes: IntegerList, _ steps: IntegerList?,
    _ y: UnsafeMutableRawPointer, _ output: PlannedValue
  ) {
    var strides = LoopNest.contiguous(x.value.shape)
    var start = 0
    for index in 0..<axes.count {
      let axis = axes[index] < 0 ? axes[index] + x.value.shape.rank : axes[index]
      let length = x.value.shape[axis]
      let first = starts[index] < 0 ? max(0, starts[index] + length) : min(starts[index], length)
      start += first * strides[axis]
      // A step may be larger than the tensor; then nothing follows the first element.
      if output.shape[axis] > 1 { strides[axis] *= steps?[index] ?? 1 }
    }
    guard output.count > 0 else { return }
    let nest = LoopNest.part(output.shape, LoopNest.contiguous(output.shape), strides)
    engine.copy(nest, y, x.start + start * output.type.size, size: output.type.size)
  }

  func pad(_ x: Operand, _ pads: IntegerList, _ y: UnsafeMutableRawPointer, _ output: PlannedValue) {
    let strides = LoopNest.contiguous(output.shape)
    var start = 0
    for axis in 0..<output.shape.rank { start += pads[axis] * strides[axis] }
    y.initializeMemory(as: UInt8.self, repeating: 0, count: output.count * output.type.size)
    guard x.value.count > 0 else { return }
    let nest = LoopNest.part(x.value.shape, strides, LoopNest.contiguous(x.value.shape))
    engine.copy(nest, y + start * output.type.size, x.start, size: output.type.size)
  }

  /// Indices that a node computed or the graph holds may count from the end.
  func gather(
    _ node: Node, _ step: Step, _ data: Operand, _ axis: Int, _ y: UnsafeMutableRawPointer,
    _ output: PlannedValue
  ) throws(RuntimeError) {
    guard let indices = input(node, 1) else { return }
    let shape = data.value.shape
    let axis = axis < 0 ? axis + shape.rank : axis
    let height = shape[axis]
    for position in 0..<indices.value.count {
      let value = indices.integer(position)
      guard value >= -height, value < height else {
        throw .indexOutOfRange(
          input: graph.value(at: node.input(at: 1) ?? 0)?.name.text ?? "", position: position,
          value: Int64(value), limit: height)
      }
    }
    func row(_ position: Int) -> Int {
      let value = indices.integer(position)
      return value < 0 ? value + height : value
    }
    let stored: ElementType = data.value.type == .f32 ? data.value.stored : .f32
    let (width, count) = (shape.product(axis + 1..<shape.rank) ?? 0, indices.value.count)
    if case .rows(let table)? = plan.values[data.value.root]?.place {
      let codes = arena + step.room
      let scales = codes + (roundUp(count * width * stored.size, to: 64) ?? 0)
      for position in 0..<count {
        try weights.readRow(
          table, row(position), width: width, codes: codes + position * width * stored.size,
          scale: scales + position * 4)
      }
      return engine.gather(
        UnsafeRawPointer(codes), type: stored, outer: 1, height: count, width: width, count: count, y,
        size: output.type.size
      ) { $0 }
    }
    engine.gather(
      data.start, type: stored, outer: shape.product(0..<axis) ?? 0, height: height, width: width,
      count: count, y, size: output.type.size, index: row)
  }
}
