internal import LimequatBytes
internal import LimequatTensor

/// safetensors, as its reference implementation reads it: u64 header size, a JSON header, the elements.
/// Stricter in two points that its README states: no key twice, and the header begins with `{`.
enum Safetensors {
  /// One file.
  static func open(path: String) throws(CheckpointError) -> Checkpoint {
    let file = try openFile(path)
    let tensors = try header(of: file, path: path, number: 0)
    return Checkpoint(tensors: tensors.sorted { precedes($0.name, $1.name) }, files: [(path, file)])
  }

  /// The shards that an index names. Index and shards must agree on every tensor.
  static func open(index path: String, folder: String) throws(CheckpointError) -> Checkpoint {
    let map = try weightMap(path)
    var files: [(path: String, file: File)] = []
    var tensors: [Checkpoint.Tensor] = []
    for (name, expected) in map {
      let shard = "\(folder)/\(name)"
      let file = try openFile(shard)
      let found = try header(of: file, path: shard, number: files.count).sorted { precedes($0.name, $1.name) }
      files.append((shard, file))
      // Both lists ascend: walk them side by side.
      var i = 0
      for tensor in found {
        while i < expected.count, precedes(expected[i], tensor.name) {
          throw .shard(
            file: shard, tensor: expected[i], expected: "the index gives it to this shard, which lacks it")
        }
        guard i < expected.count, isSame(expected[i], tensor.name) else {
          throw .shard(
            file: shard, tensor: tensor.name, expected: "it is in this shard, but the index does not say so")
        }
        i += 1
      }
      if i < expected.count {
        throw .shard(
          file: shard, tensor: expected[i], expected: "the index gives it to this shard, which lacks it")
      }
      tensors += found
      try checkCount(tensors.count, file: path)
    }
    return Checkpoint(tensors: tensors.sorted { precedes($0.name, $1.name) }, files: files)
  }

  /// The tensors of each shard, ascending, by ascending file name.
  private static func weightMap(_ path: String) throws(CheckpointError) -> [(file: String, tensors: [String])]
  {
    let json = try JSON.read(path: path, limit: Limit.jsonIndex)
    guard json.value.kind == .object else {
      throw .key(file: path, key: "", expected: "an object", found: json.value.shown)
    }
    try json.value.forEachMember { (key, value) throws(CheckpointError) in
      guard key == "weight_map" || key == "metadata" else {
        throw .key(file: path, key: key, expected: "only weight_map and metadata", found: value.shown)
      }
      guard value.kind == .object else {
        throw .key(file: path, key: key, expected: "an object", found: value.shown)
      }
    }
    guard let map = json.value.member("weight_map") else {
      throw .key(file: path, key: "weight_map", expected: "an object", found: "nothing")
    }
    var pairs: [(file: String, tensor: String)] = []
    try map.forEachMember { (tensor, value) throws(CheckpointError) in
      guard let file = value.string else {
        throw .key(file: path, key: tensor, expected: "a file name", found: value.shown)
      }
      guard isPlainFileName(file) else {
        throw .key(file: path, key: tensor, expected: "a file name without a path", found: quoted(file))
      }
      pairs.append((file, tensor))
    }
    pairs.sort { isSame($0.file, $1.file) ? precedes($0.tensor, $1.tensor) : precedes($0.file, $1.file) }
    var shards: [(file: String, tensors: [String])] = []
    for (file, tensor) in pairs {
      if let last = shards.last, isSame(last.file, file) {
        shards[shards.count - 1].tensors.append(tensor)
      } else {
        shards.append((file, [tensor]))
      }
    }
    guard shards.count <= Limit.shards else {
      throw .key(
        file: path, key: "weight_map", expected: "at most \(Limit.shards) files", found: "\(shards.count)")
    }
    return shards
  }

  private static func checkCount(_ count: Int, file: String) throws(CheckpointError) {
    guard count <= Limit.tensors else {
      throw .format(file: file, offset: 0, expected: "at most \(Limit.tensors) tensors", found: "\(count)")
    }
  }

  /// The tensors that a file's header names, in the order of their bytes. `number` is the file's place.
  private static func header(
    of file: File, path: String, number: Int
  ) throws(CheckpointError) -> [Checkpoint.Tensor] {
    guard file.size >= 8 else {
      throw .format(file: path, offset: 0, expected: "8 bytes of header size", found: "\(file.size) bytes")
    }
    let size = try headerSize(of: file, path: path)
    let text = try headerText(of: file, size: size, path: path)
    guard text.bytes.first == UInt8(ascii: "{") else {
      throw .format(file: path, offset: 8, expected: "{", found: "byte \(text.bytes.first ?? 0)")
    }
    let json = try JSON.parse(UnsafeRawBufferPointer(text.bytes), file: path)
    let start = 8 + text.size
    var tensors: [Checkpoint.Tensor] = []
    try json.value.forEachMember { (name, entry) throws(CheckpointError) in
      if name == "__metadata__" { return try checkMetadata(entry, file: path) }
      try checkCount(tensors.count + 1, file: path)
      tensors.append(try tensor(name, entry, file: path, start: start, fileSize: file.size, number: number))
    }
    // The tensors tile the rest of the file: no hole, no overlap, nothing behind the last.
    tensors.sort { ($0.offset, $0.size) < ($1.offset, $1.size) }
    var next = start
    for tensor in tensors {
      guard tensor.offset == next else {
        throw .tensor(
          file: path, name: tensor.name,
          expected: "data_offsets that begin at \(next - start), where the last ended",
          found: "\(tensor.offset - start)")
      }
      next += tensor.size
    }
    guard next == file.size else {
      throw .format(
        file: path, offset: next, expected: "the end of the file after the last tensor",
        found: "\(file.size - next) bytes more")
    }
    return tensors
  }

  private static func headerSize(of file: File, path: String) throws(CheckpointError) -> Int {
    var size: UInt64 = 0
    do throws(BytesError) {
      try withUnsafeMutableBytes(of: &size) { (bytes) throws(BytesError) in try file.read(at: 0, into: bytes)
      }
    } catch {
      throw .bytes(file: path, error)
    }
    size = UInt64(littleEndian: size)
    let limit = min(Limit.safetensorsHeader, file.size - 8)
    guard size > 0, size <= limit else {
      throw .format(file: path, offset: 0, expected: "a header of 1 to \(limit) bytes", found: "\(size)")
    }
    return Int(size)  // at most the limit
  }

  private static func headerText(of file: File, size: Int, path: String) throws(CheckpointError) -> Buffer {
    do throws(BytesError) {
      let text = try Buffer(size: size)
      try file.read(at: 8, into: text.bytes)
      return text
    } catch {
      throw .bytes(file: path, error)
    }
  }

  private static func checkMetadata(_ value: JSON.Value, file: String) throws(CheckpointError) {
    if value.kind == .null { return }
    guard value.kind == .object else {
      throw .key(file: file, key: "__metadata__", expected: "an object of strings", found: value.shown)
    }
    try value.forEachMember { (key, text) throws(CheckpointError) in
      guard text.kind == .string else {
        throw .key(file: file, key: "__metadata__/\(key)", expected: "a string", found: text.shown)
      }
    }
  }

  private static func tensor(
    _ name: String, _ entry: JSON.Value, file: String, start: Int, fileSize: Int, number: Int
  ) throws(CheckpointError) -> Checkpoint.Tensor {
    func bad(_ expected: String, _ found: String) -> CheckpointError {
      .tensor(file: file, name: name, expected: expected, found: found)
    }
    guard entry.kind == .object else { throw bad("an object", entry.shown) }
    guard let dtype = entry.member("dtype"), let type = dtype.string.flatMap(ScalarType.init(rawValue:))
    else {
      throw bad("a known dtype", entry.member("dtype")?.shown ?? "none")
    }
    guard let dims = entry.member("shape"), dims.kind == .array, dims.count <= Shape.maximumRank else {
      throw bad("a shape of at most \(Shape.maximumRank) dims", entry.member("shape")?.shown ?? "none")
    }
    var shape = Shape()
    for index in 0..<dims.count {
      guard let dim = dims.element(index)?.integer, shape.append(dim) else {
        throw bad("whole dims of at least 0", dims.element(index)?.shown ?? "none")
      }
    }
    guard let offsets = entry.member("data_offsets"), offsets.kind == .array, offsets.count == 2,
      let begin = offsets.element(0)?.integer, let end = offsets.element(1)?.integer
    else { throw bad("data_offsets of two integers", entry.member("data_offsets")?.shown ?? "none") }
    guard begin >= 0, end >= begin, end <= fileSize - start else {
      throw bad("data_offsets within the \(fileSize - start) bytes of data", "[\(begin), \(end)]")
    }
    guard let size = shape.count.flatMap(type.bytes(of:)) else {
      throw bad("a size in whole bytes that fits", "\(type.rawValue) \(shape)")
    }
    guard size == end - begin else {
      throw bad("\(size) bytes for \(type.rawValue) \(shape)", "\(end - begin)")
    }
    var zero = Shape()
    for _ in 0..<shape.rank { zero.append(0) }
    let extent = Checkpoint.Extent(file: number, offset: start + begin, size: size)
    return Checkpoint.Tensor(
      name: name, type: type, shape: shape, slabs: [.init(start: zero, shape: shape, extents: [extent])],
      file: file)
  }
}

extension Checkpoint.Tensor {
  /// Where the only extent of a safetensors tensor begins.
  fileprivate var offset: Int { slabs.first?.extents.first?.offset ?? 0 }
}
