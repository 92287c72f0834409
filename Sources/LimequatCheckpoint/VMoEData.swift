internal import LimequatBytes
internal import LimequatTensor

/// One `checkpoint.data-NNNNN-of-NNNNN`: a map from leaf ids to `[[[ndarray...], slice], ...]`.
enum VMoEData {
  /// flax's mark for arrays that are cut into pieces.
  private static let mark = "__msgpack_array_chunk_a87ca2__"

  /// Finds the elements of every slice that this shard holds; the elements themselves are not read.
  static func read(
    _ window: FileWindow, shard: Int, into leaves: inout [VMoE.Leaf], pieces: inout Int
  ) throws(CheckpointError) {
    var reader = MessagePackReader(window, 0..<window.file.size)
    var isMarked = false
    var seen: Set<Int> = []
    for _ in 0..<(try reader.map("tensors by number")) {
      let place = reader.offset
      let key = try reader.string("a tensor's number")
      if key == mark {
        guard case .boolean(true) = try reader.next(), !isMarked else {
          throw reader.bad("\(mark): true, once", "another value", at: place)
        }
        isMarked = true
        continue
      }
      guard let id = Int(key), String(id) == key, leaves.indices.contains(id) else {
        throw reader.bad("a number below \(leaves.count), the tensors of the index", quoted(key), at: place)
      }
      guard seen.insert(id).inserted else { throw reader.bad("every number once", key, at: place) }
      for _ in 0..<(try reader.array("slices of tensor \(key)", of: 0...Limit.slices)) {
        try slice(&reader, shard: shard, of: &leaves[id], pieces: &pieces)
      }
    }
    try reader.expectEnd("the data")
    guard isMarked else { throw reader.bad(mark, "no such key") }
  }

  /// `[[ndarray...], sliceNd (ext 6)]`
  private static func slice(
    _ reader: inout MessagePackReader, shard: Int, of leaf: inout VMoE.Leaf, pieces: inout Int
  ) throws(CheckpointError) {
    let name = quoted(leaf.name)
    _ = try reader.array("elements and slice of \(name)", of: 2...2)
    var extents: [Checkpoint.Extent] = []
    var size = 0
    for _ in 0..<(try reader.array("pieces of \(name)", of: 0...Limit.pieces)) {
      pieces += 1
      guard pieces <= Limit.pieces else { throw reader.bad("at most \(Limit.pieces) pieces", "more") }
      let range = try piece(&reader, of: leaf)
      extents.append(.init(file: shard, offset: range.lowerBound, size: range.count))
      size += range.count  // ranges of one file that do not overlap
    }
    let place = reader.offset
    guard case .ext(code: 6, let range) = try reader.next() else {
      throw reader.bad("the slice (ext 6) of \(name)", "another value", at: place)
    }
    var box = MessagePackReader(reader.window, range)
    let (start, shape) = try VMoE.box(&box, of: leaf.shape)
    try box.expectEnd("a slice")
    guard let found = leaf.places[start.dims], leaf.slices[found].shape == shape,
      leaf.slices[found].shard == shard
    else {
      throw .shard(
        file: reader.window.path, tensor: leaf.name,
        expected: "the slice of \(shape) at \(start) is in this shard, but the index does not say so")
    }
    guard leaf.slices[found].extents == nil else {
      throw .shard(
        file: reader.window.path, tensor: leaf.name, expected: "the slice at \(start) must not be there twice"
      )
    }
    guard let wanted = shape.count.flatMap(leaf.type.bytes(of:)), wanted == size else {
      throw .tensor(
        file: reader.window.path, name: leaf.name,
        expected: "\(shape.count.flatMap(leaf.type.bytes(of:)) ?? 0) bytes for the slice at \(start)",
        found: "\(size)")
    }
    leaf.slices[found].extents = extents
  }

  /// ext 1 (ndarray) or 3 (NumPy scalar): `[[dims], dtype, bin]`. Answers where the elements lie.
  private static func piece(
    _ reader: inout MessagePackReader, of leaf: VMoE.Leaf
  ) throws(CheckpointError) -> Range<Int> {
    let name = quoted(leaf.name)
    let place = reader.offset
    guard case .ext(let code, let range) = try reader.next(), code == 1 || code == 3 else {
      throw reader.bad("an array (ext 1) of \(name)", "another value", at: place)
    }
    var array = MessagePackReader(reader.window, range)
    _ = try array.array("dims, dtype, elements of \(name)", of: 3...3)
    var shape = Shape()
    for _ in 0..<(try array.array("dims", of: 0...Shape.maximumRank)) {
      shape.append(try array.natural("a dim"))
    }
    let dtype = try array.string("dtype")
    guard ScalarType(numpy: dtype) == leaf.type else {
      throw .tensor(
        file: reader.window.path, name: leaf.name, expected: "\(leaf.type.rawValue) as the index has it",
        found: quoted(dtype))
    }
    guard case .binary(let elements) = try array.next() else {
      throw array.bad("the elements of \(name)", "another value")
    }
    try array.expectEnd("an array")
    guard let wanted = shape.count.flatMap(leaf.type.bytes(of:)), wanted == elements.count else {
      throw .tensor(
        file: reader.window.path, name: leaf.name, expected: "as many bytes as \(shape) of \(dtype) has",
        found: "\(elements.count)")
    }
    return elements
  }
}
