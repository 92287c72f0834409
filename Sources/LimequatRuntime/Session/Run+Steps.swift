internal import CLimequatKernels
internal import LimequatBytes
internal import LimequatContainer
internal import LimequatGraph
internal import LimequatTensor

/// The steps that stand for several nodes.
extension Run {
  /// residual + activation(x w + bias).
  func product(
    _ node: Node, _ step: Step, bias: Int?, activation: lmq_activation, residual: Int?
  ) throws(RuntimeError) {
    guard let x = input(node, 0), let w = input(node, 1) else { return }
    let tensor = tensor(node)
    let unchecked = try weights.uncheckedBytes(tensor)
    let (k, n) = (w.value.shape[0], w.value.shape[1])
    let m = x.value.count / max(1, k)
    let (xStride, yStride) = (stride(x.value.root, width: k), stride(step.output, width: n))
    let coded = codedOutput(step)
    let y = coded?.floats ?? floats(step.output)
    let bias = bias.map { pointer($0).assumingMemoryBound(to: Float.self) }
    let residual = residual.map { pointer($0).assumingMemoryBound(to: Float.self) }
    var product: Product
    if let codes = codes(step, x, width: k) {
      product = .int8(
        lmq_matmul_int8(
          x: codes.start, x_stride: codes.stride, x_rows: nil, x_scales: codes.scales,
          x_offsets: codes.offsets, panels: w.start, limits: limits(tensor, w, rows: m), bias: bias,
          residual: residual, residual_stride: n, y: y, y_stride: yStride, m: m, n: n,
          k: UInt32(truncatingIfNeeded: k), activation: activation))
    } else {
      var (panels, type) = (w.start, w.value.stored.rawValue)
      if w.value.layout != .panel32 {
        let packed = (arena + step.room).assumingMemoryBound(to: Float.self)
        engine.table.pack(w.floats, n, 1, k, n, 1, packed)
        (panels, type) = (UnsafeRawPointer(packed), ElementType.f32.rawValue)
      }
      product = .float(
        lmq_matmul(
          x: x.floats, x_stride: xStride, x_rows: nil, panels: panels, bias: bias, residual: residual,
          residual_stride: n, y: y, y_stride: yStride, m: m, k: k, n: n, type: type, activation: activation))
    }
    let checksum = RunningChecksum(w.start, unchecked)
    withUnsafePointer(to: checksum) {
      if unchecked > 0 { product.add(to: $0, until: w.start + unchecked) }
      if let coded { engine.multiply(product, into: coded) } else { engine.multiply(product) }
    }
    if unchecked > 0, let tensor { try weights.settle(tensor, checksum: checksum.value) }
  }

  /// The tensor that is the weights of a product; nil: they are none.
  private func tensor(_ node: Node) -> Int? {
    guard let index = node.input(at: 1), let root = plan.values[index]?.root,
      case .tensor(let tensor)? = plan.values[root]?.place
    else { return nil }
    return tensor
  }

  /// Elements between rows of a value, which are `width` wide.
  func stride(_ root: Int, width: Int) -> Int { plan.values[root]?.stride(width) ?? width }

  /// Of the int8 weights `w`.
  private func limits(_ tensor: Int?, _ w: Operand, rows: Int) -> UnsafePointer<Int32>? {
    guard let limits = engine.limits, let tensor else { return nil }
    return limits.tensor(tensor, w.start, rows: rows, k: w.value.shape[0], n: w.value.shape[1])
  }

  /// The codes of what a step reads, made now if no earlier step did; nil: it reads floats.
  private func codes(_ step: Step, _ x: Operand, width: Int) -> Codes? {
    guard let place = step.codes else { return nil }
    let rows = x.value.count / max(1, width)
    let codes = Codes(arena + place.start, rows: rows, width: width)
    if place.isFirst { engine.quantize(x.floats, rows: rows, width: width, into: codes) }
    return codes
  }

  /// The codes that a step makes of its output; nil: it makes floats alone.
  func codedOutput(_ step: Step) -> CodedRows? {
    guard let made = step.outputCodes, let value = plan.values[step.output] else { return nil }
    let width = value.shape[-1]
    let rows = value.count / max(1, width)
    let room = made.floats.map { (arena + $0).assumingMemoryBound(to: Float.self) }
    return CodedRows(
      count: rows, width: width, band: made.band, floats: room ?? floats(step.output),
      areOfBands: made.isOfBands, codes: Codes(arena + made.start, rows: rows, width: width))
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
      shape, q: q.floats, k: k.floats, v: v.floats, mask: mask, y: floats(step.output),
      yStride: stride(step.output, width: shape.heads * shape.valueSize), room: room)
  }

  func sparseMoE(_ node: Node, _ step: Step, residual: Int?, room: Int) throws(RuntimeError) {
    guard let room = plan.rooms[room], let x = input(node, 0), let logits = input(node, 1) else { return }
    let evaluation = SparseMoERun(
      room: room, base: arena + step.room, engine: engine, store: store, demand: demand)
    try evaluation.run(
      x: x.floats, codes: codes(step, x, width: room.shape.inputSize), logits: logits.floats,
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
