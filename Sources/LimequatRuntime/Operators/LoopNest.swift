internal import LimequatTensor

/// The loops of an operator that goes through the elements of one to four tensors together: a dim and, for
/// each tensor, the distance in elements between neighbours along it (0 where a tensor is broadcast). Dims
/// that all tensors walk through alike are merged, so that the innermost loop is as long as it can be.
struct LoopNest {
  typealias Offsets = SIMD4<Int>

  private var dims = InlineArray<8, Int>(repeating: 1)
  private var strides = InlineArray<8, Offsets>(repeating: Offsets(repeating: 0))
  private var rank = 0

  init() {}

  /// Adds a dim inside those that are there. At most 8 that are not merged.
  mutating func append(_ dim: Int, _ stride: Offsets) {
    if dim == 1 { return }
    if rank > 0, strides[rank - 1] == stride &* dim {  // offsets lie inside tensors, so they fit
      dims[rank - 1] *= dim
      strides[rank - 1] = stride
    } else if rank < 8 {
      dims[rank] = dim
      strides[rank] = stride
      rank += 1
    }
  }

  /// The innermost loop: how many elements, and the steps of each tensor.
  var inner: (count: Int, stride: Offsets) {
    rank == 0 ? (1, Offsets(repeating: 1)) : (dims[rank - 1], strides[rank - 1])
  }

  /// The loop around the innermost one; one turn where there is none.
  var middle: (count: Int, stride: Offsets) {
    rank < 2 ? (1, Offsets(repeating: 0)) : (dims[rank - 2], strides[rank - 2])
  }

  /// How often the innermost loop runs, or with 2 levels the two innermost ones.
  func outer(levels: Int = 1) -> Int {
    var count = 1
    var index = 0
    while index < rank - levels {
      count *= dims[index]
      index += 1
    }
    return count
  }

  /// Calls `body` with the offsets where the innermost loop begins, or with 2 levels the two innermost ones,
  /// for some of their runs.
  func forEach(_ runs: Range<Int>, levels: Int = 1, _ body: (Offsets) -> Void) {
    guard inner.count > 0, !runs.isEmpty else { return }
    var counters = InlineArray<8, Int>(repeating: 0)
    var offsets = Offsets(repeating: 0)
    var rest = runs.lowerBound
    var level = rank - 1 - levels
    while level >= 0 {
      counters[level] = rest % dims[level]
      rest /= dims[level]
      offsets &+= strides[level] &* counters[level]
      level -= 1
    }
    for _ in runs {
      body(offsets)
      level = rank - 1 - levels
      while level >= 0 {
        offsets &+= strides[level]
        counters[level] += 1
        if counters[level] < dims[level] { break }
        offsets &-= strides[level] &* dims[level]
        counters[level] = 0
        level -= 1
      }
    }
  }
}

extension LoopNest {
  /// The loops over `output` (tensor 0, contiguous) and contiguous inputs that broadcast to it.
  static func broadcast(_ output: Shape, _ a: Shape, _ b: Shape, _ c: Shape = Shape()) -> LoopNest {
    var nest = LoopNest()
    let strides = (
      contiguous(output), broadcast(a, to: output), broadcast(b, to: output), broadcast(c, to: output)
    )
    for axis in 0..<output.rank {
      nest.append(
        output[axis], Offsets(strides.0[axis], strides.1[axis], strides.2[axis], strides.3[axis]))
    }
    return nest
  }

  /// Row-major strides.
  static func contiguous(_ shape: Shape) -> InlineArray<8, Int> {
    var strides = InlineArray<8, Int>(repeating: 0)
    var stride = 1
    for axis in (0..<shape.rank).reversed() {
      strides[axis] = stride
      stride *= max(1, shape[axis])
    }
    return strides
  }

  /// The strides of a contiguous tensor along the dims of the shape that it is broadcast to, aligned at the
  /// last dim.
  static func broadcast(_ shape: Shape, to target: Shape) -> InlineArray<8, Int> {
    let own = contiguous(shape)
    var strides = InlineArray<8, Int>(repeating: 0)
    for axis in 0..<shape.rank where shape[axis] != 1 {
      let place = axis + target.rank - shape.rank
      if place >= 0 { strides[place] = own[axis] }
    }
    return strides
  }
}
