import LimequatCheckpoint
import LimequatTestSupport
import Testing

private let shard1 = "model-00001-of-00002.safetensors"
private let shard2 = "model-00002-of-00002.safetensors"

/// A folder of two shards, `a` and `b` in the first, `c` in the second.
private func sharded(index: String? = nil) throws -> TemporaryFolder {
  let folder = try TemporaryFolder()
  try folder.write(shard1, SafetensorsBuilder.file(["a": .f32([2]), "b": .f32([3])]))
  try folder.write(shard2, SafetensorsBuilder.file(["c": .f32([1])]))
  let map = "{\"a\":\"\(shard1)\",\"b\":\"\(shard1)\",\"c\":\"\(shard2)\"}"
  try folder.write(
    "model.safetensors.index.json", text: index ?? "{\"metadata\":{\"total_size\":24},\"weight_map\":\(map)}")
  return folder
}

@Test func takesShards() throws {
  let folder = try sharded()
  let checkpoint = try Checkpoint.open(folder: folder.path)
  #expect(checkpoint.tensors.map(\.name) == ["a", "b", "c"])
  #expect(try read(checkpoint, "b").count == 12)
}

@Test(arguments: [
  ("[]", "expected an object, found an array"),
  ("{", "not acceptable as JSON"),
  ("{\"metadata\":{}}", "\"weight_map\": expected an object, found nothing"),
  ("{\"weight_map\":[]}", "\"weight_map\": expected an object"),
  ("{\"weight_map\":{},\"metadata\":[]}", "\"metadata\": expected an object"),
  ("{\"weight_map\":{},\"else\":{}}", "\"else\": expected only weight_map and metadata"),
  ("{\"weight_map\":{\"a\":1}}", "\"a\": expected a file name, found 1"),
  ("{\"weight_map\":{\"a\":\"../x\"}}", "expected a file name without a path, found \"../x\""),
  ("{\"weight_map\":{\"a\":\"/etc/passwd\"}}", "a file name without a path"),
  ("{\"weight_map\":{\"a\":\"sub\\\\x\"}}", "a file name without a path"),
  ("{\"weight_map\":{\"a\":\"..\"}}", "a file name without a path"),
  ("{\"weight_map\":{\"a\":\"\"}}", "a file name without a path"),
  ("{\"weight_map\":{\"a\":\"x\",\"a\":\"x\"}}", "duplicate object key"),
  ("{\"weight_map\":{\"a\":\"absent.safetensors\"}}", "absent.safetensors: there is no such file"),
  ("{\"weight_map\":{\"a\":\"\(shard1)\"}}", "\"b\": it is in this shard, but the index does not say so"),
  (
    "{\"weight_map\":{\"a\":\"\(shard1)\",\"b\":\"\(shard1)\",\"d\":\"\(shard2)\"}}",
    "\"c\": it is in this shard, but the index does not say so"
  ),
  (
    "{\"weight_map\":{\"a\":\"\(shard1)\",\"aa\":\"\(shard1)\",\"b\":\"\(shard1)\",\"c\":\"\(shard2)\"}}",
    "\"aa\": the index gives it to this shard, which lacks it"
  ),
  (
    "{\"weight_map\":{\"a\":\"\(shard1)\",\"b\":\"\(shard1)\",\"c\":\"\(shard2)\",\"d\":\"\(shard2)\"}}",
    "\"d\": the index gives it to this shard, which lacks it"
  ),
]) func refusesIndex(_ index: String, says: String) throws {
  let said = try #require(complaint(try sharded(index: index)))
  #expect(said.contains(says))
}

@Test func refusesADamagedShard() throws {
  let folder = try sharded()
  try folder.write(shard2, SafetensorsBuilder.file(["c": .f32([1])]).dropLast())
  let said = try #require(complaint(folder))
  #expect(said.contains(shard2))
}

@Test func refusesNoWeights() throws {
  let folder = try TemporaryFolder()
  #expect(
    throws: CheckpointError.weights(folder: folder.path, found: [])
  ) { try Checkpoint.open(folder: folder.path) }
}

@Test(arguments: [
  ["model.safetensors", "model.safetensors.index.json"], ["model.safetensors", "checkpoint.index"],
  ["model.safetensors.index.json", "checkpoint.index"],
]) func refusesTwoKindsOfWeights(_ names: [String]) throws {
  let folder = try TemporaryFolder()
  for name in names { try folder.write(name, text: "{}") }
  #expect(throws: CheckpointError.weights(folder: folder.path, found: names)) {
    try Checkpoint.open(folder: folder.path)
  }
}

@Test func ignoresOtherFiles() throws {
  let folder = try TemporaryFolder()
  try folder.write("model.safetensors", SafetensorsBuilder.file(["a": .f32([2])]))
  try folder.write("checkpoint.data-00000-of-00001", text: "whatever")
  try folder.write("model-00001-of-00002.safetensors", text: "whatever")
  #expect(complaint(folder) == nil)
}

@Test func refusesAFolderInPlaceOfAFile() throws {
  let folder = try TemporaryFolder()
  try folder.write("model.safetensors.index.json", text: "{\"weight_map\":{\"a\":\".hidden\"}}")
  try folder.write(".hidden", text: "short")
  let said = try #require(complaint(folder))
  #expect(said.contains(".hidden"))
}
