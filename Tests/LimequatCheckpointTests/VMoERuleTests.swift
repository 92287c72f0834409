import LimequatCheckpoint
import LimequatTestSupport
import Testing

private func f32(_ values: Range<Int>) -> [UInt8] {
  values.flatMap { value in withUnsafeBytes(of: Float(value).bitPattern.littleEndian) { Array($0) } }
}

private func folder(_ index: MessagePack, _ data: [MessagePack]) throws -> TemporaryFolder {
  let folder = try TemporaryFolder()
  try folder.write("checkpoint.index", index.bytes)
  for (number, shard) in data.enumerated() {
    try folder.write("checkpoint.data-0000\(number)-of-0000\(data.count)", shard.bytes)
  }
  return folder
}

/// `b/w` (4, 2) in two slices over two shards, one of them in two pieces, and the scalar `a`.
private let goodTree = MessagePack.map([
  (
    "b",
    .map([("w", .leaf([4, 2], "float32", slices: [[(0, 1), (0, 2)], [(1, 4), (0, 2)]], shards: [1, 0]))])
  ),
  ("a", .leaf([], "float32", slices: [[]], shards: [0])),
])
private let goodShard0 = MessagePack.data([
  ("0", .array([.part([], "float32", [f32(9..<10)])])),
  ("1", .array([.part([(1, 4), (0, 2)], "float32", [f32(2..<5), f32(5..<8)])])),
])
private let goodShard1 = MessagePack.data([("1", .array([.part([(0, 1), (0, 2)], "float32", [f32(0..<2)])]))])

@Test(arguments: ["20220622", nil] as [String?]) func takesSlicesPiecesAndScalars(_ version: String?) throws {
  let folder = try folder(.index(goodTree, shards: 2, version: version), [goodShard0, goodShard1])
  let checkpoint = try Checkpoint.open(folder: folder.path)
  #expect(checkpoint.tensors.map(\.name) == ["a", "b/w"])
  #expect(try read(checkpoint, "b/w") == f32(0..<8))
  #expect(try read(checkpoint, "a") == f32(9..<10))
}

@Test func numbersLeavesByBytesNotByValue() throws {
  // encoderblock_10 comes before encoderblock_2.
  let tree = MessagePack.map(
    ["x_2", "x_10", "X"].map { ($0, .leaf([1], "float32", slices: [[(0, 1)]], shards: [0])) })
  let data = MessagePack.data(
    (0..<3).map { ("\($0)", .array([.part([(0, 1)], "float32", [f32($0..<$0 + 1)])])) })
  let folder = try folder(.index(tree), [data])
  let checkpoint = try Checkpoint.open(folder: folder.path)
  #expect(try read(checkpoint, "X") == f32(0..<1))
  #expect(try read(checkpoint, "x_10") == f32(1..<2))
  #expect(try read(checkpoint, "x_2") == f32(2..<3))
}

@Test func takesOpenBoundsAndBFloat16() throws {
  let whole = MessagePack.array([.binary(MessagePack.array([.null, .null, .null]).bytes)]).bytes
  let shaped = MessagePack.array([.array([.integer(3)]), .string("bfloat16"), .boolean(false), .map([])])
  let leaf = MessagePack.ext(
    8, MessagePack.array([.binary(shaped.bytes), .array([.binary(whole)]), .array([.integer(0)])]).bytes)
  let piece = MessagePack.ext(
    1, MessagePack.array([.array([.integer(3)]), .string("bfloat16"), .binary([1, 2, 3, 4, 5, 6])]).bytes)
  let data = MessagePack.data([("0", .array([.array([.array([piece]), .ext(6, whole)])]))])
  let folder = try folder(.index(.map([("w", leaf)])), [data])
  let checkpoint = try Checkpoint.open(folder: folder.path)
  #expect(checkpoint.tensors[0].type == .bf16)
  #expect(try read(checkpoint, "w") == [1, 2, 3, 4, 5, 6])
}

struct BadContainer: Sendable, CustomTestStringConvertible {
  let name: String
  let index: MessagePack
  let data: MessagePack
  let says: String
  var testDescription: String { name }

  /// Damage to the index.
  init(_ name: String, index: MessagePack, says: String) {
    self.init(name, index, simpleData, says)
  }

  /// Damage to the only tensor `w` (4) in the index.
  init(_ name: String, leaf: MessagePack, says: String) {
    self.init(name, .index(.map([("w", leaf)])), simpleData, says)
  }

  /// Damage to the data of `w`.
  init(_ name: String, data: MessagePack, says: String) {
    self.init(name, .index(simpleTree), data, says)
  }

  /// Damage to the slices of `w` in the data file.
  init(_ name: String, parts: [MessagePack], says: String) {
    self.init(name, data: .data([("0", .array(parts))]), says: says)
  }

  private init(_ name: String, _ index: MessagePack, _ data: MessagePack, _ says: String) {
    self.name = name
    self.index = index
    self.data = data
    self.says = says
  }
}

private let simpleLeaf = MessagePack.leaf([4], "float32", slices: [[(0, 4)]], shards: [0])
private let simpleTree = MessagePack.map([("w", simpleLeaf)])
private let simplePart = MessagePack.part([(0, 4)], "float32", [f32(0..<4)])
private let simpleData = MessagePack.data([("0", .array([simplePart]))])

private func sliced(_ dims: [Int], _ slices: [[(Int, Int)]]) -> MessagePack {
  .leaf(dims, "float32", slices: slices, shards: slices.map { _ in 0 })
}

private func shaped(_ shape: [MessagePack]) -> MessagePack {
  .ext(
    8,
    MessagePack.array([
      .binary(MessagePack.array(shape).bytes), .array([.binary(MessagePack.slice([(0, 4)]))]),
      .array([.integer(0)]),
    ]).bytes)
}

private let badContainers: [BadContainer] = [
  BadContainer("index is no map", index: .array([]), says: "expected a map"),
  BadContainer(
    "index is cut", index: .raw(Array(MessagePack.index(simpleTree).bytes.dropLast(3))), says: "left"),
  BadContainer(
    "more behind the index", index: .raw(MessagePack.index(simpleTree).bytes + [0xC0]), says: "1 bytes more"),
  BadContainer("unused code", index: .raw([0x81, 0xC1]), says: "a MessagePack value, found byte 193"),
  BadContainer(
    "no shard count", index: .map([("index", simpleTree)]), says: "expected shard_count, found none"),
  BadContainer("no index", index: .map([("shard_count", .integer(1))]), says: "expected index, found none"),
  BadContainer(
    "no shards", index: .index(simpleTree, shards: 0), says: "a shard_count of 1 to 4096, found 0"),
  BadContainer("too many shards", index: .index(simpleTree, shards: 1_000_000), says: "found 1000000"),
  BadContainer(
    "negative shard count", index: .index(simpleTree, shards: -1), says: "at least 0: shard_count, found -1"),
  BadContainer(
    "missing shard", index: .index(simpleTree, shards: 2),
    says: "checkpoint.data-00000-of-00002: there is no such file"),
  BadContainer("unknown version", index: .index(simpleTree, version: "20990101"), says: "version 20220622"),
  BadContainer(
    "unknown key", index: .map([("shard_count", .integer(1)), ("index", simpleTree), ("more", .null)]),
    says: "\"more\""),
  BadContainer(
    "key twice",
    index: .map([("shard_count", .integer(1)), ("shard_count", .integer(1)), ("index", simpleTree)]),
    says: "every key once"),
  BadContainer(
    "leaf twice", index: .index(.map([("w", simpleLeaf), ("w", simpleLeaf)])), says: "every key once"),
  BadContainer(
    "paths that join to one name",
    index: .index(.map([("w", simpleLeaf), ("w/v", simpleLeaf), ("w", .map([("v", simpleLeaf)]))])),
    says: "every key once"),
  BadContainer(
    "leaf is something else", index: .index(.map([("w", .null)])), says: "a tensor (ext 8) at \"w\""),
  BadContainer("leaf of another kind", index: .index(.map([("w", .ext(7, []))])), says: "ext 8"),
  BadContainer(
    "too deep", index: .index((0..<40).reduce(simpleTree) { tree, _ in .map([("x", tree)]) }),
    says: "at most 32 nested maps"),
  BadContainer(
    "name too long", index: .index(.map([(String(repeating: "n", count: 1025), simpleLeaf)])),
    says: "at most 1024 bytes"),
  BadContainer(
    "joined name too long",
    index: .index(
      .map([(String(repeating: "n", count: 1000), .map([(String(repeating: "m", count: 1000), simpleLeaf)]))])
    ),
    says: "names of at most 1024 bytes"),
  BadContainer(
    "name is not UTF-8", index: .index(.raw([0x81, 0xA1, 0xFF] + simpleLeaf.bytes)), says: "UTF-8"),
  BadContainer(
    "leaf of two parts", leaf: .ext(8, MessagePack.array([.null, .null]).bytes), says: "3 elements"),
  BadContainer(
    "unknown dtype", leaf: .leaf([4], "float31", slices: [[(0, 4)]], shards: [0]), says: "\"float31\""),
  BadContainer("shape without dtype", leaf: shaped([.array([.integer(4)])]), says: "2 to 4 elements"),
  BadContainer("negative dim", leaf: shaped([.array([.integer(-4)]), .string("float32")]), says: "found -4"),
  BadContainer(
    "dim is no integer",
    leaf: shaped([.array([.raw([0xCB] + [UInt8](repeating: 0, count: 8))]), .string("float32")]),
    says: "an integer: a dim"),
  BadContainer(
    "nine dims", leaf: shaped([.array([MessagePack](repeating: .integer(1), count: 9)), .string("float32")]),
    says: "0 to 8 elements"),
  BadContainer(
    "size does not fit", leaf: .leaf([1 << 62, 4], "float32", slices: [], shards: []), says: "that fits"),
  BadContainer(
    "slices miss the end", leaf: sliced([4], [[(0, 3)]]), says: "cover [4] exactly once, found 3 elements"),
  BadContainer("slices miss all", leaf: sliced([4], []), says: "0 elements in 0 slices"),
  BadContainer("slices overlap", leaf: sliced([4], [[(0, 2)], [(1, 3)]]), says: "overlap"),
  BadContainer("slice twice", leaf: sliced([4], [[(0, 2)], [(0, 2)]]), says: "overlap"),
  BadContainer(
    "boxes overlap", leaf: sliced([2, 4], [[(0, 2), (0, 2)], [(0, 1), (1, 3)], [(1, 2), (2, 4)]]),
    says: "overlap"),
  BadContainer("slice beyond the end", leaf: sliced([4], [[(0, 5)]]), says: "within 0 to 4"),
  BadContainer("slice turned", leaf: sliced([4], [[(3, 1)]]), says: "3 to 1"),
  BadContainer("slice of another rank", leaf: sliced([4], [[(0, 4), (0, 1)]]), says: "1 elements"),
  BadContainer(
    "step",
    leaf: .ext(
      8,
      MessagePack.array([
        .binary(MessagePack.array([.array([.integer(4)]), .string("float32")]).bytes),
        .array([.binary(MessagePack.slice([(0, 4)], step: .integer(2)))]), .array([.integer(0)]),
      ]).bytes), says: "step 2"),
  BadContainer(
    "shard beyond the count", leaf: .leaf([4], "float32", slices: [[(0, 4)]], shards: [1]),
    says: "a shard below 1, found 1"),
  BadContainer(
    "shards and slices differ", leaf: .leaf([4], "float32", slices: [[(0, 4)]], shards: [0, 0]),
    says: "1 elements"),

  BadContainer("data is no map", data: .array([]), says: "expected a map: tensors by number"),
  BadContainer("data is cut", data: .raw(Array(simpleData.bytes.dropLast(5))), says: "left"),
  BadContainer("more behind the data", data: .raw(simpleData.bytes + [0]), says: "1 bytes more"),
  BadContainer("no mark", data: .map([("0", .array([simplePart]))]), says: MessagePack.mark),
  BadContainer("mark is false", data: .map([(MessagePack.mark, .boolean(false))]), says: MessagePack.mark),
  BadContainer(
    "tensor beyond the index", data: .data([("1", .array([simplePart]))]), says: "a number below 1"),
  BadContainer(
    "number with a zero in front", data: .data([("00", .array([simplePart]))]), says: "found \"00\""),
  BadContainer("negative number", data: .data([("-1", .array([simplePart]))]), says: "found \"-1\""),
  BadContainer(
    "number twice", data: .data([("0", .array([simplePart])), ("0", .array([simplePart]))]),
    says: "every number once"),
  BadContainer(
    "lacks the tensor", data: .data([]),
    says: "\"w\": the index gives the slice of [4] at [0] to this shard, which lacks it"),
  BadContainer("lacks the slice", parts: [], says: "which lacks it"),
  BadContainer("slice twice in the data", parts: [simplePart, simplePart], says: "must not be there twice"),
  BadContainer(
    "slice that the index does not have", parts: [.part([(0, 2)], "float32", [f32(0..<2)])],
    says: "the slice of [2] at [0] is in this shard, but the index does not say so"),
  BadContainer(
    "too few elements", parts: [.part([(0, 4)], "float32", [f32(0..<3)])],
    says: "16 bytes for the slice at [0], found 12"),
  BadContainer(
    "too many elements", parts: [.part([(0, 4)], "float32", [f32(0..<4), f32(0..<1)])], says: "found 20"),
  BadContainer("no pieces", parts: [.part([(0, 4)], "float32", [])], says: "found 0"),
  BadContainer(
    "other dtype", parts: [.part([(0, 4)], "int32", [f32(0..<4)])],
    says: "F32 as the index has it, found \"int32\""),
  BadContainer(
    "dims and bytes differ", parts: [.part([(0, 4)], "float32", [f32(0..<4)], elementSize: 2)],
    says: "as many bytes as [8]"),
  BadContainer(
    "array of another kind", parts: [.array([.array([.ext(2, [])]), .ext(6, [])])], says: "an array (ext 1)"),
  BadContainer(
    "slice of another kind", parts: [.array([.array([]), .ext(5, [])])], says: "the slice (ext 6)"),
  BadContainer(
    "length beyond the file", data: .raw([0xDF, 0xFF, 0xFF, 0xFF, 0xFF]), says: "the end of what holds it"),
]

@Test(arguments: badContainers) func refusesContainer(_ bad: BadContainer) throws {
  let said = try #require(complaint(try folder(bad.index, [bad.data])))
  #expect(said.contains(bad.says))
  #expect(said.contains("checkpoint."))
}
