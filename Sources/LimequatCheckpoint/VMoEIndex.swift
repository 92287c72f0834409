internal import LimequatBytes
internal import LimequatTensor

/// `checkpoint.index`: the nested names of all tensors, their shapes, types and slices.
struct VMoEIndex {
  let shardCount: Int
  /// In the order that numbers them: depth first, keys sorted as bytes at every level.
  let leaves: [VMoE.Leaf]

  private static let version = "20220622"

  static func read(_ path: String) throws(CheckpointError) -> VMoEIndex {
    let window = try FileWindow.open(path)
    guard window.file.size <= Limit.vmoeIndex else {
      throw .format(
        file: path, offset: 0, expected: "at most \(Limit.vmoeIndex) bytes", found: "\(window.file.size)")
    }
    var reader = MessagePackReader(window, 0..<window.file.size)
    var shardCount: Int?
    var tree: MessagePackReader?
    var keys: Set<String> = []
    for _ in 0..<(try reader.map("shard_count, index, version")) {
      let place = reader.offset
      let key = try reader.string("a key of the index")
      guard keys.insert(key).inserted else { throw reader.bad("every key once", quoted(key), at: place) }
      switch key {
      case "shard_count":
        let count = try reader.natural("shard_count")
        guard (1...Limit.shards).contains(count) else {
          throw reader.bad("a shard_count of 1 to \(Limit.shards)", "\(count)", at: place)
        }
        shardCount = count
      case "index":
        tree = reader
        try reader.skip()
      case "version":
        let found = try reader.string("version")
        guard found == version else {
          throw reader.bad("version \(version), or none", quoted(found), at: place)
        }
      default: throw reader.bad("shard_count, index or version", quoted(key), at: place)
      }
    }
    try reader.expectEnd("the index")
    guard let shardCount else { throw reader.bad("shard_count", "none") }
    guard var tree else { throw reader.bad("index", "none") }
    var count = 0
    let leaves = try node(&tree, path: "", depth: 0, shardCount: shardCount, count: &count)
    return VMoEIndex(shardCount: shardCount, leaves: leaves)
  }

  /// The leaves below one map.
  private static func node(
    _ reader: inout MessagePackReader, path: String, depth: Int, shardCount: Int, count: inout Int
  ) throws(CheckpointError) -> [VMoE.Leaf] {
    guard depth < Limit.depth else { throw reader.bad("at most \(Limit.depth) nested maps", "more") }
    var children: [(key: String, leaves: [VMoE.Leaf])] = []
    for _ in 0..<(try reader.map("names and their tensors")) {
      let place = reader.offset
      let key = try reader.string("a part of a tensor's name")
      let name = path.isEmpty ? key : "\(path)/\(key)"
      guard name.utf8.count <= Limit.name else {
        throw reader.bad("names of at most \(Limit.name) bytes", "\(name.utf8.count)", at: place)
      }
      var ahead = reader
      switch try ahead.next() {
      case .map:
        children.append(
          (key, try node(&reader, path: name, depth: depth + 1, shardCount: shardCount, count: &count)))
      case .ext(code: 8, let range):
        count += 1
        guard count <= Limit.vmoeTensors else {
          throw reader.bad("at most \(Limit.vmoeTensors) tensors", "more", at: place)
        }
        children.append(
          (key, [try leaf(MessagePackReader(reader.window, range), name: name, shardCount: shardCount)]))
        reader = ahead
      default: throw reader.bad("a map or a tensor (ext 8) at \(quoted(name))", "another value", at: place)
      }
    }
    children.sort { precedes($0.key, $1.key) }
    for (a, b) in zip(children, children.dropFirst()) where isSame(a.key, b.key) {
      throw reader.bad("every key once", "two of \(quoted("\(path)/\(a.key)"))")
    }
    return children.flatMap(\.leaves)
  }

  /// `[bin shaped_array, [bin sliceNd...], [int shard...]]`; shaped_array: `[[dims], dtype, weak_type, {}]`.
  private static func leaf(
    _ payload: MessagePackReader, name: String, shardCount: Int
  ) throws(CheckpointError) -> VMoE.Leaf {
    var reader = payload
    _ = try reader.array("shape, slices, shards of \(quoted(name))", of: 3...3)
    var shaped = try reader.binary("the shape of \(quoted(name))")
    let parts = try shaped.array("dims, dtype, ...", of: 2...4)
    let rank = try shaped.array("dims", of: 0...Shape.maximumRank)
    var shape = Shape()
    for _ in 0..<rank { shape.append(try shaped.natural("a dim")) }
    let dtype = try shaped.string("dtype")
    guard let type = ScalarType(numpy: dtype) else {
      throw shaped.bad("a known dtype of \(quoted(name))", quoted(dtype))
    }
    for _ in 2..<parts { try shaped.skip() }
    try shaped.expectEnd("a shape")
    guard shape.count.flatMap(type.bytes(of:)) != nil else {
      throw shaped.bad("a size of \(quoted(name)) that fits", "\(shape)")
    }

    var boxes: [(start: Shape, shape: Shape)] = []
    for _ in 0..<(try reader.array("slices of \(quoted(name))", of: 0...Limit.slices)) {
      var slice = try reader.binary("a slice of \(quoted(name))")
      boxes.append(try VMoE.box(&slice, of: shape))
      try slice.expectEnd("a slice")
    }
    var slices: [VMoE.Slice] = []
    _ = try reader.array("one shard for each slice of \(quoted(name))", of: boxes.count...boxes.count)
    for box in boxes {
      let shard = try reader.natural("a shard of \(quoted(name))")
      guard shard < shardCount else { throw reader.bad("a shard below \(shardCount)", "\(shard)") }
      slices.append(.init(start: box.start, shape: box.shape, shard: shard))
    }
    try reader.expectEnd("a tensor's entry")
    try checkCover(slices, shape, name: name, file: reader.window.path)
    var leaf = VMoE.Leaf(name: name, type: type, shape: shape, slices: slices)
    for (place, slice) in slices.enumerated() { leaf.places[slice.start.dims] = place }
    return leaf
  }

  /// The slices must cover the tensor without overlap.
  private static func checkCover(
    _ slices: [VMoE.Slice], _ shape: Shape, name: String, file: String
  ) throws(CheckpointError) {
    func bad(_ found: String) -> CheckpointError {
      .tensor(file: file, name: name, expected: "slices that cover \(shape) exactly once", found: found)
    }
    // Each is within the shape, whose size fits; so does a sum of at most 4096 unless they overlap.
    var total = 0
    for slice in slices {
      let (sum, overflow) = total.addingReportingOverflow(slice.shape.count ?? 0)
      guard !overflow else { throw bad("slices that overlap") }
      total = sum
    }
    guard total == shape.count else { throw bad("\(total) elements in \(slices.count) slices") }
    // Sweeps along the first axis: only slices that are open there can overlap.
    let sorted = slices.filter { $0.shape.count != 0 }.sorted { $0.start[0] < $1.start[0] }
    guard sorted.count > 1 else { return }
    var open: [VMoE.Slice] = []
    for slice in sorted {
      open.removeAll { $0.start[0] + $0.shape[0] <= slice.start[0] }
      for other in open where overlap(slice, other, rank: shape.rank) { throw bad("slices that overlap") }
      open.append(slice)
    }
  }

  private static func overlap(_ a: VMoE.Slice, _ b: VMoE.Slice, rank: Int) -> Bool {
    for axis in 0..<rank {
      if a.start[axis] + a.shape[axis] <= b.start[axis] || b.start[axis] + b.shape[axis] <= a.start[axis] {
        return false
      }
    }
    return true
  }
}
