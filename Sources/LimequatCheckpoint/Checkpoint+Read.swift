internal import LimequatBytes
internal import LimequatTensor

extension Checkpoint {
  /// Reads the rows `leading` of the first axis, all of the others, in row-major order (a scalar has one
  /// row).
  ///
  /// `destination` must have exactly the bytes of these rows. Beyond it no more than 1 MiB is used.
  public func read(
    _ index: Int, leading: Range<Int>, into destination: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    guard tensors.indices.contains(index) else { return }
    let tensor = tensors[index]
    let rows = tensor.shape.rank == 0 ? 1 : tensor.shape[0]
    let inner = max(tensor.shape.rank, 1)
    guard leading.lowerBound >= 0, leading.upperBound <= rows,
      let width = tensor.shape.product(min(1, tensor.shape.rank)..<tensor.shape.rank),
      let wanted = tensor.type.bytes(of: width * leading.count), wanted == destination.count
    else {
      throw .tensor(
        file: tensor.file, name: tensor.name, expected: "a slice of \(tensor.shape)",
        found: "rows \(leading) in \(destination.count) bytes")
    }
    guard wanted > 0 else { return }
    let element = tensor.type.bits / 8
    for slab in tensor.slabs {
      let first = slab.start.rank == 0 ? 0 : slab.start[0]
      let count = slab.shape.rank == 0 ? 1 : slab.shape[0]
      let low = max(leading.lowerBound, first)
      let high = min(leading.upperBound, first + count)
      guard low < high, slab.size > 0 else { continue }
      try copy(
        slab, rows: low..<high, of: tensor, axes: inner, element: element, firstRow: leading.lowerBound,
        into: destination)
    }
  }

  /// Copies the part of a slab that lies in `rows`, run by run: a run is contiguous in slab and destination.
  private func copy(
    _ slab: Slab, rows: Range<Int>, of tensor: Tensor, axes: Int, element: Int, firstRow: Int,
    into destination: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    // Sizes are those of a tensor whose bytes are counted and lie in a file: no product here can overflow.
    let whole = (0..<axes).map { tensor.shape[$0] }
    let part = (0..<axes).map { $0 == 0 ? rows.count : slab.shape[$0] }
    let start = (0..<axes).map { slab.start.rank == 0 ? 0 : $0 == 0 ? rows.lowerBound : slab.start[$0] }
    // The run takes in every axis behind which the slab is as wide as the tensor.
    var outer = axes - 1
    while outer > 0, part[outer] == whole[outer] { outer -= 1 }
    let run = part[outer...].reduce(element, *)
    let slabRow = part[1...].reduce(element, *)
    var source = (rows.lowerBound - (slab.start.rank == 0 ? 0 : slab.start[0])) * slabRow
    var reader = ExtentReader(slab.extents, files: files)
    var position = [Int](repeating: 0, count: outer)
    while true {
      var target = 0
      for axis in 0..<axes {
        let at = start[axis] - (axis == 0 ? firstRow : 0) + (axis < outer ? position[axis] : 0)
        target = target * whole[axis] + at
      }
      target *= element
      try reader.read(
        at: source, into: UnsafeMutableRawBufferPointer(rebasing: destination[target..<target + run]))
      source += run
      var axis = outer - 1
      while axis >= 0 {
        position[axis] += 1
        if position[axis] < part[axis] { break }
        position[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }
}

/// Reads from extents as if they were one range of bytes; small reads come from a window.
private struct ExtentReader: ~Copyable {
  private static let windowSize = 1 << 20
  private let extents: [Checkpoint.Extent]
  private let files: [(path: String, file: File)]
  private let size: Int
  private var window: Buffer?
  private var held = 0..<0
  /// The extent that the last read ended in, and where it begins in the range.
  private var current = (index: 0, start: 0)

  init(_ extents: [Checkpoint.Extent], files: [(path: String, file: File)]) {
    self.extents = extents
    self.files = files
    size = extents.reduce(0) { $0 + $1.size }
  }

  mutating func read(at offset: Int, into destination: UnsafeMutableRawBufferPointer) throws(CheckpointError)
  {
    let wanted = offset..<offset + destination.count
    if wanted.count >= Self.windowSize / 16 { return try readThrough(at: offset, into: destination) }
    if !(held.lowerBound <= wanted.lowerBound && wanted.upperBound <= held.upperBound) {
      if window == nil {
        do throws(BytesError) {
          window = try Buffer(size: Self.windowSize)
        } catch {
          throw .bytes(file: extents.first.map { files[$0.file].path } ?? "", error)
        }
      }
      guard let bytes = window?.bytes else { return }
      let count = min(Self.windowSize, size - offset)
      held = 0..<0
      try readThrough(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<count]))
      held = offset..<offset + count
    }
    guard let bytes = window?.bytes else { return }
    let from = wanted.lowerBound - held.lowerBound
    destination.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[from..<from + wanted.count]))
  }

  private mutating func readThrough(
    at offset: Int, into destination: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    var done = 0
    while done < destination.count {
      // Steps from where the last read ended: reads ascend, but for what two windows share.
      while offset + done < current.start, current.index > 0 {
        current.index -= 1
        current.start -= extents[current.index].size
      }
      while current.index < extents.count, offset + done >= current.start + extents[current.index].size {
        current.start += extents[current.index].size
        current.index += 1
      }
      guard current.index < extents.count else { return }
      let extent = extents[current.index]
      let skip = offset + done - current.start
      let count = min(extent.size - skip, destination.count - done)
      let (path, file) = files[extent.file]
      do throws(BytesError) {
        try file.read(
          at: extent.offset + skip,
          into: UnsafeMutableRawBufferPointer(rebasing: destination[done..<done + count]))
      } catch {
        throw .bytes(file: path, error)
      }
      done += count
    }
  }
}
