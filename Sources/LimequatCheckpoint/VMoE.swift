internal import LimequatBytes
internal import LimequatTensor

/// V-MoE's own container (formats/vmoe-checkpoint.md): `checkpoint.index` names the tensors and their slices,
/// `checkpoint.data-NNNNN-of-NNNNN` hold the slices.
enum VMoE {
  /// A leaf of the index; its place in the list is its id.
  struct Leaf {
    let name: String
    let type: ScalarType
    let shape: Shape
    var slices: [Slice]
    /// Slices by their first element's position.
    var places: [[Int]: Int] = [:]
  }

  struct Slice {
    let start: Shape
    let shape: Shape
    let shard: Int
    /// Nil until the data file gave them.
    var extents: [Checkpoint.Extent]?
  }

  static func open(index path: String, prefix: String) throws(CheckpointError) -> Checkpoint {
    let index = try VMoEIndex.read(path)
    var leaves = index.leaves
    var files: [(path: String, file: File)] = []
    var pieces = 0
    for shard in 0..<index.shardCount {
      let window = try FileWindow.open(
        "\(prefix).data-\(fiveDigits(shard))-of-\(fiveDigits(index.shardCount))")
      try VMoEData.read(window, shard: shard, into: &leaves, pieces: &pieces)
      files.append((window.path, window.file))
    }
    var tensors: [Checkpoint.Tensor] = []
    for leaf in leaves {
      var slabs: [Checkpoint.Slab] = []
      for slice in leaf.slices {
        guard let extents = slice.extents else {
          throw .shard(
            file: files[slice.shard].path, tensor: leaf.name,
            expected:
              "the index gives the slice of \(slice.shape) at \(slice.start) to this shard, which lacks it")
        }
        slabs.append(.init(start: slice.start, shape: slice.shape, extents: extents))
      }
      tensors.append(.init(name: leaf.name, type: leaf.type, shape: leaf.shape, slabs: slabs, file: path))
    }
    tensors.sort { precedes($0.name, $1.name) }
    for (a, b) in zip(tensors, tensors.dropFirst()) where isSame(a.name, b.name) {
      throw .tensor(file: path, name: a.name, expected: "every name once", found: "two paths that join to it")
    }
    return Checkpoint(tensors: tensors, files: files)
  }

  private static func fiveDigits(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 5 - digits.utf8.count)) + digits
  }

  /// A sliceNd: an array of binaries, each `[start, stop, step]`. Nil stands for 0, the dim and 1.
  static func box(
    _ reader: inout MessagePackReader, of shape: Shape
  ) throws(CheckpointError) -> (start: Shape, shape: Shape) {
    let axes = try reader.array("a slice of a tensor of shape \(shape)", of: shape.rank...shape.rank)
    var start = Shape()
    var size = Shape()
    for axis in 0..<axes {
      var part = try reader.binary("a slice of one axis")
      _ = try part.array("start, stop, step", of: 3...3)
      let low = try bound(&part, otherwise: 0)
      let high = try bound(&part, otherwise: shape[axis])
      let step = try bound(&part, otherwise: 1)
      try part.expectEnd("a slice")
      guard low <= high, high <= shape[axis], step == 1 else {
        throw part.bad("a slice within 0 to \(shape[axis]), step 1", "\(low) to \(high), step \(step)")
      }
      start.append(low)
      size.append(high - low)
    }
    return (start, size)
  }

  private static func bound(
    _ reader: inout MessagePackReader, otherwise: Int
  ) throws(CheckpointError) -> Int {
    var copy = reader
    if case .null = try copy.next() {
      reader = copy
      return otherwise
    }
    return try reader.natural("a bound of a slice")
  }
}

extension Shape {
  var dims: [Int] { (0..<rank).map { self[$0] } }
}
