internal import CLimequatKernels
internal import LimequatContainer
internal import LimequatGraph
internal import LimequatTensor

/// The two products of the experts of a wave, all experts together so that threads have even shares.
extension SparseMoERun {
  func multiply(
    _ experts: UnsafeBufferPointer<Int32>, _ held: UnsafePointer<HeldExpert>, _ places: Range<Int>,
    _ wave: Range<Int>, _ x: UnsafePointer<Float>
  ) {
    let shape = room.shape
    let jobs = part(room.jobs, lmq_matmul.self)
    let hidden = part(room.hidden, Float.self)
    let gate = part(room.gate, Float.self)

    var count = 0
    forEach(experts, held, places, wave) { rows, expert, block in
      var job = lmq_matmul()
      (job.x, job.x_stride) = (x, shape.inputSize)
      job.x_rows = UnsafePointer(part(room.tokenOfRow, UInt32.self) + rows.lowerBound)
      let kind = shape.attributes.activation.kernel
      job.activation = shape.isGated ? LMQ_ACTIVATION_NONE : kind
      let offset = (rows.lowerBound - wave.lowerBound) * shape.hiddenSize
      set(&job, block.first, expert, rows.count, hidden + offset)
      jobs[count] = job
      count += 1
      guard let matrix = block.gate else { return }
      job.activation = kind
      set(&job, matrix, expert, rows.count, gate + offset)
      jobs[count] = job
      count += 1
    }
    run(count)
    if shape.isGated {
      engine.forRows(wave.count * shape.hiddenSize, width: 1) { part, _ in
        let start = part.lowerBound
        engine.table.binary(gate + start, hidden + start, hidden + start, part.count, LMQ_MULTIPLY, false)
      }
    }

    count = 0
    forEach(experts, held, places, wave) { rows, expert, block in
      var job = lmq_matmul()
      job.x = UnsafePointer(hidden + (rows.lowerBound - wave.lowerBound) * shape.hiddenSize)
      job.x_stride = shape.hiddenSize
      set(&job, block.second, expert, rows.count, output(rows.lowerBound, wave))
      jobs[count] = job
      count += 1
    }
    run(count)
  }

  private func run(_ count: Int) {
    engine.multiply(
      part(room.jobs, lmq_matmul.self), count: count, products: part(room.products, SharedProduct.self),
      firstUnits: part(room.firstUnits, Int.self))
  }

  private func set(
    _ job: inout lmq_matmul, _ matrix: ExpertBlock.Matrix, _ expert: HeldExpert, _ rows: Int,
    _ y: UnsafeMutablePointer<Float>
  ) {
    (job.m, job.k, job.n) = (rows, matrix.inputs, matrix.outputs)
    (job.panels, job.type) = (expert.start + matrix.panels.lowerBound, expert.encoding.rawValue)
    job.bias = (expert.start + matrix.bias).assumingMemoryBound(to: Float.self)
    (job.y, job.y_stride) = (y, matrix.outputs)
  }

  /// Calls `body` with the rows of each expert that lie in the wave.
  private func forEach(
    _ experts: UnsafeBufferPointer<Int32>, _ held: UnsafePointer<HeldExpert>, _ places: Range<Int>,
    _ wave: Range<Int>, _ body: (Range<Int>, HeldExpert, ExpertBlock) -> Void
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
      body(rows, held[place], block)
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
