internal import LimequatBytes
internal import LimequatTensor

/// Operators that move elements and compute nothing.
extension NodeShapes {
  func reshape(_ entries: IntegerList) throws(GraphError) -> Shape {
    let from = input(0)
    try require(entries.count <= Shape.maximumRank, .ranks, "at most 8 dims", "\(entries)")
    var result = Shape()
    var inferred: Int?
    for index in 0..<entries.count {
      switch entries[index] {
      case 0:
        try require(index < from.rank, .dims, "0 only where the input \(from) has a dim", "\(entries)")
        result.append(from[index])
      case -1:
        inferred = index
        result.append(1)
      default: result.append(entries[index])
      }
    }
    guard let have = from.count, let want = result.count, want > 0 else {
      throw .broken(.elements, at: place, expected: "products that fit", found: "\(from) and \(entries)")
    }
    if let inferred {
      try require(have % want == 0, .dims, "\(have) elements, a multiple of \(want)", "\(entries)")
      result[inferred] = have / want
    } else {
      try require(have == want, .dims, "the \(have) elements of \(from)", "\(want) elements of \(result)")
    }
    return result
  }

  func transpose(_ permutation: IntegerList) throws(GraphError) -> Shape {
    let from = input(0)
    try require(from.rank == permutation.count, .ranks, "\(permutation.count) dims", "\(from)")
    var result = Shape()
    for index in 0..<from.rank { result.append(from[permutation[index]]) }
    return result
  }

  func squeeze(_ axes: IntegerList) throws(GraphError) -> Shape {
    let from = input(0)
    let set = try axisSet(axes, rank: from.rank)
    var result = Shape()
    for index in 0..<from.rank {
      if set & 1 << UInt32(index) == 0 {
        result.append(from[index])
      } else {
        try require(from[index] == 1, .dims, "1 at axis \(index)", "\(from)")
      }
    }
    return result
  }

  func unsqueeze(_ axes: IntegerList) throws(GraphError) -> Shape {
    let from = input(0)
    let rank = from.rank + axes.count
    try require(rank <= Shape.maximumRank, .ranks, "at most 8 dims", "\(rank)")
    let set = try axisSet(axes, rank: rank)
    var result = Shape()
    var next = 0
    for index in 0..<rank {
      if set & 1 << UInt32(index) != 0 {
        result.append(1)
      } else {
        result.append(from[next])
        next += 1
      }
    }
    return result
  }

  func concat(_ axis: Int) throws(GraphError) -> Shape {
    var result = input(0)
    let axis = try normalize(axis, rank: result.rank)
    for other in 1..<max(1, inputCount) {
      let shape = input(other)
      try require(shape.rank == result.rank, .ranks, "\(result.rank) dims", "\(shape)")
      for index in 0..<result.rank where index != axis {
        try require(
          shape[index] == result[index], .dims, "the dims of \(result) but at axis \(axis)", "\(shape)")
      }
      // Both have passed the limit of elements, which is far from where this would overflow.
      result[axis] += shape[axis]
    }
    return result
  }

  func slice(
    _ starts: IntegerList, _ ends: IntegerList, _ axes: IntegerList, _ steps: IntegerList?
  ) throws(GraphError) -> Shape {
    var result = input(0)
    _ = try axisSet(axes, rank: result.rank)
    for index in 0..<axes.count {
      let axis = try normalize(axes[index], rank: result.rank)
      let range = SliceRange(
        start: starts[index], end: ends[index], step: steps?[index] ?? 1, size: result[axis])
      try require(range.count >= 1, .dims, "a slice that is not empty of \(result)", "\(starts) to \(ends)")
      result[axis] = range.count
    }
    return result
  }

  func pad(_ pads: IntegerList) throws(GraphError) -> Shape {
    var result = input(0)
    try require(pads.count == 2 * result.rank, .ranks, "\(2 * result.rank) pads", "\(pads)")
    for index in 0..<result.rank {
      let front = pads[index]
      let behind = pads[index + result.rank]
      try require(
        front <= Limits.elements && behind <= Limits.elements, .elements,
        "pads of at most \(Limits.elements)", "\(pads)")
      result[index] += front + behind
    }
    return result
  }

  func gather(_ axis: Int) throws(GraphError) -> Shape {
    let data = input(0)
    let indices = input(1)
    let axis = try normalize(axis, rank: data.rank)
    let rank = data.rank - 1 + indices.rank
    try require(rank <= Shape.maximumRank, .ranks, "at most 8 dims", "\(rank)")
    var result = Shape()
    for index in 0..<axis { result.append(data[index]) }
    for index in 0..<indices.rank { result.append(indices[index]) }
    for index in axis + 1..<max(axis + 1, data.rank) { result.append(data[index]) }
    return result
  }
}

/// One axis of Slice, with the bounds brought into the dim as ONNX says for positive steps.
public struct SliceRange: Sendable, Equatable {
  /// At least 0.
  public let start: Int
  /// How many indices: `start`, `start + step`, ...; 0 for an empty slice.
  public let count: Int

  /// `size` is the dim, `step` at least 1.
  public init(start: Int, end: Int, step: Int, size: Int) {
    let first = min(max(start < 0 ? start + size : start, 0), size)
    let last = min(max(end < 0 ? end + size : end, 0), size)
    self.start = first
    count = last > first && step >= 1 ? (last - first - 1) / step + 1 : 0
  }
}
