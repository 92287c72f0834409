internal import CLimequatKernels
internal import LimequatContainer
internal import LimequatGraph
internal import LimequatTensor

/// What a product of experts reads: floats for float weights, codes for int8 ones.
struct ExpertInput {
  let x: UnsafePointer<Float>
  var codes: Codes?
  /// Floats between rows of x.
  let stride: Int
  /// The rows to read; nil: one after the other.
  var rows: UnsafePointer<UInt32>?
}

/// The two products of the experts of a wave, all experts together so that threads have even shares.
extension SparseMoERun {
  func multiply(
    _ experts: UnsafeBufferPointer<Int32>, _ held: UnsafePointer<HeldExpert>, _ places: Range<Int>,
    _ wave: Range<Int>, _ x: ExpertInput
  ) {
    let shape = room.shape
    let jobs = part(room.jobs, Product.self)
    let tokens = part(room.tokenOfRow, UInt32.self)
    let hidden = part(room.hidden, Float.self)
    let gate = part(room.gate, Float.self)

    var count = 0
    var areInt8 = true
    forEach(experts, held, places, wave) { rows, expert, block, checksum in
      let kind = shape.attributes.activation.kernel
      let offset = (rows.lowerBound - wave.lowerBound) * shape.hiddenStride
      var input = x
      input.rows = UnsafePointer(tokens + rows.lowerBound)
      jobs[count] = product(
        input, block.first, 0, expert, checksum, rows.count, shape.isGated ? LMQ_ACTIVATION_NONE : kind,
        hidden + offset, shape.hiddenStride)
      count += 1
      areInt8 = areInt8 && expert.encoding == .int8
      guard let matrix = block.gate else { return }
      jobs[count] = product(
        input, matrix, 1, expert, checksum, rows.count, kind, gate + offset, shape.hiddenStride)
      count += 1
    }
    let codes = room.hiddenCodes.map { Codes(base, $0, width: shape.hiddenSize) }
    if let codes, areInt8, let band = room.hiddenBand(rows: wave.count) {
      multiplyInBands(of: band, count, into: codes)
    } else {
      run(count)
      if shape.isGated { applyGate(hidden, gate, wave.count) }
      if let codes { engine.quantize(hidden, rows: wave.count, width: shape.hiddenSize, into: codes) }
    }

    count = 0
    forEach(experts, held, places, wave) { rows, expert, block, checksum in
      let start = rows.lowerBound - wave.lowerBound
      let input = ExpertInput(
        x: UnsafePointer(hidden + start * shape.hiddenStride), codes: codes?.advanced(by: start),
        stride: shape.hiddenStride)
      jobs[count] = product(
        input, block.second, 2, expert, checksum, rows.count, LMQ_ACTIVATION_NONE,
        output(rows.lowerBound, wave), shape.outputSize)
      count += 1
    }
    run(count)
  }

  private func run(_ count: Int) {
    engine.multiply(
      part(room.jobs, Product.self), count: count, products: part(room.products, SharedProduct.self),
      firstUnits: part(room.firstUnits, Int.self))
  }

  private func applyGate(_ hidden: UnsafeMutablePointer<Float>, _ gate: UnsafePointer<Float>, _ rows: Int) {
    engine.forRows(rows * room.shape.hiddenStride, width: 1) { part, _ in
      let start = part.lowerBound
      engine.table.binary(gate + start, hidden + start, hidden + start, part.count, LMQ_MULTIPLY, false)
    }
  }

  /// `number`: 0 for the first matrix of the expert, 1 for the gate, 2 for the second. Not inlined, for size.
  @inline(never)
  private func product(
    _ input: ExpertInput, _ matrix: ExpertBlock.Matrix, _ number: Int, _ expert: HeldExpert,
    _ checksum: UnsafePointer<RunningChecksum>?, _ rows: Int, _ activation: lmq_activation,
    _ y: UnsafeMutablePointer<Float>, _ yStride: Int
  ) -> Product {
    var product: Product
    let panels = expert.start + matrix.panels.lowerBound
    let bias = (expert.start + matrix.bias).assumingMemoryBound(to: Float.self)
    if expert.encoding == .int8, let codes = input.codes {
      let limits = engine.limits?.expert(
        expert.number, matrix: number, panels, rows: rows, k: matrix.inputs, n: matrix.outputs)
      product = .int8(
        lmq_matmul_int8(
          x: codes.start, x_stride: codes.stride, x_rows: input.rows, x_scales: codes.scales,
          x_offsets: codes.offsets, panels: panels, limits: limits, bias: bias, residual: nil,
          residual_stride: 0, y: y, y_stride: yStride, m: rows, n: matrix.outputs,
          k: UInt32(truncatingIfNeeded: matrix.inputs), activation: activation))
    } else {
      product = .float(
        lmq_matmul(
          x: input.x, x_stride: input.stride, x_rows: input.rows, panels: panels, bias: bias, residual: nil,
          residual_stride: 0, y: y, y_stride: yStride, m: rows, k: matrix.inputs, n: matrix.outputs,
          type: expert.encoding.rawValue, activation: activation))
    }
    if let checksum { product.add(to: checksum, until: expert.start + matrix.end) }
    return product
  }

  /// Calls `body` with the rows of each expert that lie in the wave, and with the checksum that its parts are
  /// to be added to; nil: nothing is.
  private func forEach(
    _ experts: UnsafeBufferPointer<Int32>, _ held: UnsafePointer<HeldExpert>, _ places: Range<Int>,
    _ wave: Range<Int>,
    _ body: (Range<Int>, HeldExpert, ExpertBlock, UnsafePointer<RunningChecksum>?) -> Void
  ) {
    let shape = room.shape
    let offsets = part(room.offsets, Int.self)
    for place in places {
      let expert = Int(experts[place])
      let rows = (offsets[expert]..<offsets[expert + 1]).clamped(to: wave)
      // Blocks of these sizes and encodings were checked when the model was opened.
      guard !rows.isEmpty,
        let block = ExpertBlock(
          inputSize: shape.inputSize, hiddenSize: shape.hiddenSize, outputSize: shape.outputSize,
          isGated: shape.isGated, encoding: held[place].encoding)
      else { continue }
      // The first wave that has the expert adds all parts.
      let isAdding = held[place].uncheckedBytes > 0 && rows.lowerBound == offsets[expert]
      body(rows, held[place], block, isAdding ? UnsafePointer(part(room.checksums) + expert) : nil)
    }
  }

  /// Where the experts' answer for a row lies.
  func output(_ row: Int, _ wave: Range<Int>) -> UnsafeMutablePointer<Float> {
    let shape = room.shape
    let first = shape.attributes.k == 1 ? wave.lowerBound : 0
    return part(room.outputs, Float.self) + (row - first) * shape.outputSize
  }
}

extension SparseMoEAttributes.Activation {
  /// What kernels apply to the first product, or with swiglu to the gate.
  var kernel: lmq_activation {
    switch self {
    case .geluTanh: LMQ_ACTIVATION_GELU_TANH
    case .gelu: LMQ_ACTIVATION_GELU_ERF
    case .quickGelu: LMQ_ACTIVATION_QUICK_GELU
    case .silu, .swiglu: LMQ_ACTIVATION_SILU
    case .relu: LMQ_ACTIVATION_RELU
    }
  }
}
