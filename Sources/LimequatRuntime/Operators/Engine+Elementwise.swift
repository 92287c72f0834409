internal import CLimequatKernels
internal import LimequatGraph
internal import LimequatTensor

/// Operators whose result at one place depends on their inputs at that place.
extension Engine {
  /// y = activation(x); y may be x.
  func activate(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int, _ activation: lmq_activation
  ) {
    forRows(count, width: 1) { part, _ in
      table.activate(x + part.lowerBound, y + part.lowerBound, part.count, activation)
    }
  }

  /// y = a op b in f32, broadcast as `nest` says (tensors y, a, b). y may be a or b where that one has the
  /// shape of y.
  func binary(
    _ op: lmq_binary, _ nest: LoopNest, _ y: UnsafeMutablePointer<Float>, _ a: UnsafePointer<Float>,
    _ b: UnsafePointer<Float>
  ) {
    let (count, stride) = nest.inner
    if nest.outer() == 1, stride[0] == 1, stride[1] == 1, stride[2] <= 1 {
      // One long run: shared by its elements.
      return forRows(count, width: 1) { part, _ in
        let start = part.lowerBound
        table.binary(a + start, b + start * stride[2], y + start, part.count, op, stride[2] == 0)
      }
    }
    forRows(nest.outer(), width: count) { runs, _ in
      nest.forEach(runs) { at in
        let (y, a, b) = (y + at[0], a + at[1], b + at[2])
        if stride[0] == 1, stride[1] == 1, stride[2] <= 1 {
          table.binary(a, b, y, count, op, stride[2] == 0)
        } else if stride[0] == 1, stride[1] == 0, stride[2] == 1, op == LMQ_ADD || op == LMQ_MULTIPLY {
          table.binary(b, a, y, count, op, true)
        } else {
          for index in 0..<count {
            table.binary(a + index * stride[1], b + index * stride[2], y + index * stride[0], 1, op, false)
          }
        }
      }
    }
  }

  /// y = a op b for integers, wrapping; the graph's rules leave no division of them.
  func binary<Element: FixedWidthInteger & SignedInteger>(
    _ op: lmq_binary, _ nest: LoopNest, _ y: UnsafeMutablePointer<Element>, _ a: UnsafePointer<Element>,
    _ b: UnsafePointer<Element>
  ) {
    pairs(nest, y, a, b) { a, b in
      switch op {
      case LMQ_SUBTRACT: a &- b
      case LMQ_MULTIPLY: a &* b
      default: a &+ b
      }
    }
  }

  /// y = body(a, b), broadcast as `nest` says, on this thread.
  func pairs<Input, Output>(
    _ nest: LoopNest, _ y: UnsafeMutablePointer<Output>, _ a: UnsafePointer<Input>, _ b: UnsafePointer<Input>,
    _ body: (Input, Input) -> Output
  ) {
    let (count, stride) = nest.inner
    nest.forEach(0..<nest.outer()) { at in
      for index in 0..<count {
        y[at[0] + index * stride[0]] = body(a[at[1] + index * stride[1]], b[at[2] + index * stride[2]])
      }
    }
  }

  /// y = condition ? a : b (tensors y, condition, a, b).
  func choose<Element>(
    _ nest: LoopNest, _ y: UnsafeMutablePointer<Element>, _ condition: UnsafePointer<UInt8>,
    _ a: UnsafePointer<Element>, _ b: UnsafePointer<Element>
  ) {
    let (count, stride) = nest.inner
    nest.forEach(0..<nest.outer()) { at in
      for index in 0..<count {
        let isTrue = condition[at[1] + index * stride[1]] != 0
        y[at[0] + index * stride[0]] = isTrue ? a[at[2] + index * stride[2]] : b[at[3] + index * stride[3]]
      }
    }
  }

  /// y = x in another type. To bool: not 0. From float to integer: towards 0, clamped, NaN gives 0. Between
  /// integers: the low bits.
  func cast(
    _ x: UnsafeRawPointer, _ from: GraphType, _ y: UnsafeMutableRawPointer, _ to: GraphType, count: Int
  ) {
    if from == to { return y.copyMemory(from: x, byteCount: count * to.size) }
    switch from {
    case .f32: cast(x.assumingMemoryBound(to: Float.self), y, to, count) { Int64(clampingTowardZero: $0) }
    case .i32: cast(x.assumingMemoryBound(to: Int32.self), y, to, count) { Int64($0) }
    case .i64: cast(x.assumingMemoryBound(to: Int64.self), y, to, count) { $0 }
    case .u8, .bool: cast(x.assumingMemoryBound(to: UInt8.self), y, to, count) { Int64($0) }
    }
  }

  private func cast<Input: Numeric>(
    _ x: UnsafePointer<Input>, _ y: UnsafeMutableRawPointer, _ to: GraphType, _ count: Int,
    _ integer: (Input) -> Int64
  ) {
    switch to {
    case .f32: fill(y, count) { Float(integer(x[$0])) }
    case .i32: fill(y, count) { Int32(truncatingIfNeeded: integer(x[$0])) }
    case .i64: fill(y, count) { integer(x[$0]) }
    case .u8: fill(y, count) { UInt8(truncatingIfNeeded: integer(x[$0])) }
    case .bool: fill(y, count) { x[$0] == 0 ? 0 : 1 as UInt8 }
    }
  }

  private func fill<Output>(_ y: UnsafeMutableRawPointer, _ count: Int, _ body: (Int) -> Output) {
    let y = y.assumingMemoryBound(to: Output.self)
    for index in 0..<count { y[index] = body(index) }
  }
}

extension Int64 {
  /// NaN gives 0.
  init(clampingTowardZero value: Float) {
    guard !value.isNaN else {
      self = 0
      return
    }
    self = value >= 0x1p63 ? .max : value <= -0x1p63 ? .min : Int64(value)
  }
}
