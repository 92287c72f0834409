internal import CLimequatKernels
internal import LimequatBytes
internal import LimequatGraph
internal import LimequatTensor

/// Nodes one by one, as formats/graph.md defines them.
extension Run {
  func node(_ node: Node, _ step: Step) throws(RuntimeError) {
    guard let x = input(node, 0), let output = plan.values[step.output] else { return }
    let y = target(step.output)
    if let activation = node.op.activation {
      return engine.activate(x.floats, floats(step.output), count: x.value.count, activation)
    }
    if let op = node.op.binary { return binary(op, node, x, y, output) }
    let width = x.value.shape[-1]
    let rows = width > 0 ? x.value.count / width : 0
    switch node.op {
    case .transpose(let permutation):
      let nest = LoopNest.transpose(x.value.shape, permutation, rows: output.paddedWidth)
      engine.copy(nest, y, x.start, size: output.type.size)
    case .concat(let axis): concat(node, axis, y, output)
    case .slice(let starts, _, let axes, let steps): slice(x, starts, axes, steps, y, output)
    case .pad(let pads): pad(x, pads, y, output)
    case .gather(let axis): try gather(node, step, x, axis, y, output)
    case .cast: engine.cast(x.start, x.value.type, y, output.type, count: output.count)
    case .less, .equal: compare(node, x, y, output)
    case .choose: choose(node, x, y, output)
    case .layerNormalization(let epsilon):
      guard let scale = input(node, 1) else { return }
      let norm = LayerNorm(
        width: width, scale: scale.floats, bias: input(node, 2)?.floats, epsilon: epsilon)
      if let coded = codedOutput(step) {
        engine.layerNorm(norm, x.floats, into: coded)
      } else {
        engine.layerNorm(
          norm, x.floats, floats(step.output), yStride: stride(step.output, width: width), rows: rows)
      }
    case .rmsNormalization(let epsilon):
      guard let scale = input(node, 1) else { return }
      engine.rmsNorm(
        x.floats, floats(step.output), rows: rows, width: width, scale: scale.floats, epsilon: epsilon)
    case .softmax:
      if y != x.start { y.copyMemory(from: x.start, byteCount: x.value.count * 4) }
      engine.softmax(floats(step.output), rows: rows, width: width)
    case .reduceMean(let axis, _): reduce(.mean, x, axis, y)
    case .reduceSum(let axis, _): reduce(.sum, x, axis, y)
    case .reduceL2(let axis, _): reduce(.l2, x, axis, y)
    // Views and what became part of other steps.
    case .identity, .reshape, .squeeze, .unsqueeze, .matMul, .attention, .sparseMoE, .gelu, .relu, .sigmoid,
      .tanh, .add,
      .subtract, .multiply, .divide:
      break
    }
  }

  private func binary(
    _ op: lmq_binary, _ node: Node, _ a: Operand, _ y: UnsafeMutableRawPointer, _ output: PlannedValue
  ) {
    guard let b = input(node, 1) else { return }
    let nest = LoopNest.broadcast(output.shape, a.value.shape, b.value.shape)
    switch output.type {
    case .f32: engine.binary(op, nest, y.assumingMemoryBound(to: Float.self), a.floats, b.floats)
    case .i32: integers(Int32.self, op, nest, y, a, b)
    case .i64: integers(Int64.self, op, nest, y, a, b)
    case .u8, .bool: break
    }
  }

  private func integers<Element: FixedWidthInteger & SignedInteger>(
    _: Element.Type, _ op: lmq_binary, _ nest: LoopNest, _ y: UnsafeMutableRawPointer, _ a: Operand,
    _ b: Operand
  ) {
    engine.binary(
      op, nest, y.assumingMemoryBound(to: Element.self), a.start.assumingMemoryBound(to: Element.self),
      b.start.assumingMemoryBound(to: Element.self))
  }

  private func compare(_ node: Node, _ a: Operand, _ y: UnsafeMutableRawPointer, _ output: PlannedValue) {
    guard let b = input(node, 1) else { return }
    let nest = LoopNest.broadcast(output.shape, a.value.shape, b.value.shape)
    switch a.value.type {
    case .f32: compare(Float.self, node, nest, y, a, b)
    case .i32: compare(Int32.self, node, nest, y, a, b)
    case .i64: compare(Int64.self, node, nest, y, a, b)
    case .u8, .bool: compare(UInt8.self, node, nest, y, a, b)
    }
  }

  private func compare<Element: Comparable>(
    _: Element.Type, _ node: Node, _ nest: LoopNest, _ y: UnsafeMutableRawPointer, _ a: Operand, _ b: Operand
  ) {
    let y = y.assumingMemoryBound(to: UInt8.self)
    let (a, b) = (
      a.start.assumingMemoryBound(to: Element.self), b.start.assumingMemoryBound(to: Element.self)
    )
    if case .less = node.op {
      engine.pairs(nest, y, a, b) { $0 < $1 ? 1 : 0 }
    } else {
      engine.pairs(nest, y, a, b) { $0 == $1 ? 1 : 0 }
    }
  }

  private func choose(
    _ node: Node, _ condition: Operand, _ y: UnsafeMutableRawPointer, _ output: PlannedValue
  ) {
    guard let a = input(node, 1), let b = input(node, 2) else { return }
    let nest = LoopNest.broadcast(output.shape, condition.value.shape, a.value.shape, b.value.shape)
    let condition = condition.start.assumingMemoryBound(to: UInt8.self)
    switch output.type.size {
    case 1: choose(UInt8.self, nest, y, condition, a, b)
    case 4: choose(UInt32.self, nest, y, condition, a, b)
    default: choose(UInt64.self, nest, y, condition, a, b)
    }
  }

  private func choose<Element>(
    _: Element.Type, _ nest: LoopNest, _ y: UnsafeMutableRawPointer, _ condition: UnsafePointer<UInt8>,
    _ a: Operand, _ b: Operand
  ) {
    engine.choose(
      nest, y.assumingMemoryBound(to: Element.self), condition, a.start.assumingMemoryBound(to: Element.self),
      b.start.assumingMemoryBound(to: Element.self))
  }

  private func reduce(_ reduction: Engine.Reduction, _ x: Operand, _ axis: Int, _ y: UnsafeMutableRawPointer)
  {
    let shape = x.value.shape
    let axis = axis < 0 ? axis + shape.rank : axis
    engine.reduce(
      reduction, x.floats, y.assumingMemoryBound(to: Float.self), outer: shape.product(0..<axis) ?? 0,
      length: shape[axis], inner: shape.product(axis + 1..<shape.rank) ?? 0)
  }
}

extension Operator {
  var binary: lmq_binary? {
    switch self {
    case .add: LMQ_ADD
    case .subtract: LMQ_SUBTRACT
    case .multiply: LMQ_MULTIPLY
    case .divide: LMQ_DIVIDE
    default: nil
    }
  }
}
