internal import CLimequatKernels
internal import LimequatBytes
internal import LimequatContainer
internal import LimequatGraph
internal import LimequatTensor

/// The steps that stand for several nodes.
extension Run {
  /// residual + activation(x w + bias).
  func product(_ node: Node, _ step: Step, bias: Int?, activation: lmq_activation, residual: Int?) {
    guard let x = input(node, 0), let w = input(node, 1) else { return }
    let (k, n) = (w.value.shape[0], w.value.shape[1])
    if let codes = step.codes {
      return int8Product(
        x, w, codes, step.output, bias: bias, activation: activation, residual: residual)
    }
    var job = lmq_matmul()
    job.m = x.value.shape.product(0..<max(0, x.value.shape.rank - 1)) ?? 0
    (job.k, job.n) = (k, n)
    (job.x, job.x_stride) = (x.floats, k)
    (job.y, job.y_stride) = (floats(step.output), n)
    (job.panels, job.type) = (w.start, w.value.stored.rawValue)
    if w.value.layout != .panel32 {
      let packed = (arena + step.room).assumingMemoryBound(to: Float.self)
      engine.table.pack(w.floats, n, 1, k, n, 1, packed)
      (job.panels, job.type) = (UnsafeRawPointer(packed), ElementType.f32.rawValue)
    }
    if let bias { job.bias = pointer(bias).assumingMemoryBound(to: Float.self) }
    if let residual {
      (job.residual, job.residual_stride) = (pointer(residual).assumingMemoryBound(to: Float.self), n)
    }
    job.activation = activation
    engine.multiply(.float(job))
  }

  /// The same with int8 weights: x is quantised by the first product that reads it.
  private func int8Product(
    _ x: Operand, _ w: Operand, _ place: StepCodes, _ output: Int, bias: Int?, activation: lmq_activation,
    residual: Int?
  ) {
    let (k, n) = (w.value.shape[0], w.value.shape[1])
    let rows = x.value.count / max(1, k)
    var layout = RoomLayout()
    let codes = Codes(arena + place.start, CodesRoom(&layout, rows: rows, width: k), width: k)
    if place.isFirst { engine.quantize(x.floats, rows: rows, width: k, into: codes) }
    engine.multiply(
      .int8(
        lmq_matmul_int8(
          x: codes.start, x_stride: codes.stride, x_rows: nil, x_scales: codes.scales,
          x_offsets: codes.offsets, panels: w.start,
          bias: bias.map { pointer($0).assumingMemoryBound(to: Float.self) },
          residual: residual.map { pointer($0).assumingMemoryBound(to: Float.self) }, residual_stride: n,
          y: floats(output), y_stride: n, m: rows, k: k, n: n, activation: activation)))
  }

  func attention(_ node: Node, _ step: Step, ofInt8: Bool) {
    guard let q = input(node, 0), let k = input(node, 1), let v = input(node, 2),
      let shape = AttentionShape(node, plan.values, ofInt8: ofInt8)
    else { return }
    let room = arena + step.room
    var mask = input(node, 3)?.start.assumingMemoryBound(to: UInt8.self)
    if let source = mask, let layout = shape.mask, layout.isSpread {
      let spread = (room + engine.pool.threads * shape.room.layout.size).assumingMemoryBound(to: UInt8.self)
      for row in 0..<layout.rows {
        (spread + row * shape.keys).update(repeating: source[row], count: shape.keys)
      }
      mask = UnsafePointer(spread)
    }
    engine.attention(
      shape, q: q.floats, k: k.floats, v: v.floats, mask: mask, y: floats(step.output), room: room)
  }

  func sparseMoE(_ node: Node, _ step: Step, residual: Int?, room: Int) throws(RuntimeError) {
    guard let room = plan.rooms[room], let x = input(node, 0), let logits = input(node, 1) else { return }
    let evaluation = SparseMoERun(
      room: room, base: arena + step.room, engine: engine, store: store, demand: demand)
    try evaluation.run(
      x: x.floats, logits: logits.floats,
      residual: residual.map { pointer($0).assumingMemoryBound(to: Float.self) }, y: floats(step.output))
    if let trace, let bank = signature.container.bank(at: room.shape.bank) {
      trace.record(room.shape, node: node.name, bank: bank.name, evaluation.results)
    }
  }

  /// Two values side by side along the axis that their Pads fill. Each met a zero of the other's Pad, which
  /// makes a negative zero positive.
  func join(_ node: Node, _ step: Step) {
    guard let output = plan.values[step.output]?.shape else { return }
    let strides = LoopNest.contiguous(output)
    var zero: Float = 0
    for place in 0..<2 {
      guard let value = node.input(at: place), case .node(let index)? = graph.value(at: value)?.source,
        let pad = graph.node(at: index), case .pad(let pads) = pad.op, let x = input(pad, 0)
      else { continue }
      var part = output
      var start = 0
      for axis in 0..<output.rank where pads[axis] != 0 || pads[axis + output.rank] != 0 {
        part[axis] = x.value.shape[axis]
        start = pads[axis] * strides[axis]
      }
      let nest = LoopNest.part(part, strides, LoopNest.broadcast(x.value.shape, to: part))
      engine.binary(LMQ_ADD, nest, floats(step.output) + start, x.floats, &zero)
    }
  }
}
