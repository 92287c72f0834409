import LimequatCheckpoint
import LimequatTestSupport
import Testing

private let fixtures = packageRoot + "/Tests/Fixtures/checkpoints"

/// Opens a folder and reads whatever it claims to hold; any error is fine, a trap or a hang is not.
private func readAll(_ folder: TemporaryFolder) {
  guard let checkpoint = try? Checkpoint.open(folder: folder.path) else { return }
  for tensor in checkpoint.tensors { _ = try? read(checkpoint, tensor.name) }
}

/// 1,000 damaged copies of each file; for a file of weights only its structured first part is damaged.
@Test(arguments: [
  ("limoe-dense", "model.safetensors", 9000), ("limoe-bf16-dispatch", "model.safetensors.index.json", .max),
  ("limoe-container", "checkpoint.index", .max),
  ("vmoe-bf16-dispatch", "checkpoint.data-00000-of-00002", 2000),
]) func survivesDamage(_ name: String, _ file: String, _ structured: Int) throws {
  let folder = try TemporaryFolder()
  try folder.copy(from: "\(fixtures)/\(name)")
  let good = try bytes(ofFile: folder.file(file))
  let head = Array(good.prefix(structured))
  var refused = 0
  for seed in 0..<1000 {
    var random = SeededRandom(seed: UInt64(seed))
    try folder.write(file, random.damage(head) + good.dropFirst(structured))
    if (try? Checkpoint.open(folder: folder.path)) == nil { refused += 1 } else { readAll(folder) }
  }
  #expect(refused > 500)
}

@Test(arguments: [("limoe-container", "checkpoint.index"), ("limoe-dense", "model.safetensors")])
func survivesTruncation(_ name: String, _ file: String) throws {
  let folder = try TemporaryFolder()
  try folder.copy(from: "\(fixtures)/\(name)")
  let good = try bytes(ofFile: folder.file(file))
  for length in stride(from: 0, to: good.count, by: max(1, good.count / 500)) {
    try folder.write(file, good.prefix(length))
    #expect(complaint(folder) != nil)
  }
}

/// A slice list that a quadratic check would take minutes for.
@Test func manySlicesAreCheckedQuickly() throws {
  let folder = try TemporaryFolder()
  let bounds = (0..<4000).map { [($0, $0 + 1)] }
  let leaf = MessagePack.leaf([4000], "float32", slices: bounds, shards: bounds.map { _ in 0 })
  try folder.write(
    "checkpoint.index", MessagePack.index(.map((0..<40).map { ("w\($0)", leaf) })).bytes)
  try folder.write("checkpoint.data-00000-of-00001", MessagePack.data([]).bytes)
  #expect(complaint(folder)?.contains("which lacks it") == true)
}
