import LimequatTestSupport
import Testing

@testable import LimequatConvert

/// One change to a good config.json and what is said about it. A value of nil takes the key away.
struct BadKey: Sendable, CustomTestStringConvertible {
  let key: String
  let value: String?
  let says: String
  var more: [String: String] = [:]
  var testDescription: String { "\(key): \(value ?? "absent")" }

  init(_ key: String, _ value: String?, _ says: String, with more: [String: String] = [:]) {
    self.key = key
    self.value = value
    self.says = says
    self.more = more
  }
}

private func said(_ model: TinyModel, _ bad: BadKey) throws -> String? {
  var model = model
  for (key, value) in bad.more { model.config[key] = value }
  model.config[bad.key] = bad.value
  let folder = try TemporaryFolder()
  try model.write(to: folder)
  return complaint(folder)
}

private let integerKeys = [
  "image_size", "patch_size", "hidden_size", "num_heads", "num_layers", "mlp_dim", "num_experts",
  "num_selected_experts",
]
private let limoeIntegers = integerKeys + ["vocab_size", "text_length", "projection_size"]
private let notIntegers = [
  nil, "null", "0", "-1", "1.0", "4e0", "\"4\"", "true", "[4]", "99999999999", "9223372036854775807",
]

@Test(arguments: limoeIntegers, notIntegers) func refusesWhatIsNoSize(_ key: String, _ value: String?) throws
{
  let said = try #require(try said(.limoe, BadKey(key, value, "")))
  #expect(said.contains("\"\(key)\": expected an integer from 1"))
}

@Test(arguments: integerKeys + ["num_classes"]) func vmoeNeedsItsSizes(_ key: String) throws {
  let said = try #require(try said(.vmoe, BadKey(key, nil, "")))
  #expect(said.contains("\"\(key)\": expected an integer from 1"))
  #expect(said.contains("the key is required), found nothing"))
}

private let preprocessing = "\"interpolation\":\"bicubic\""
private func image(_ rest: String) -> String { "{\(preprocessing),\(rest)}" }

private let badLIMoE: [BadKey] = [
  BadKey("model_type", nil, "\"model_type\": expected \"limoe\" (\"vocab_size\" is a key of LIMoE folders)"),
  BadKey("model_type", "\"limoe2\"", "no known checkpoint (limoe, vmoe)"),
  BadKey("model_type", "7", "config.json has model_type 7"),
  BadKey("model_type", "null", "config.json has model_type null"),
  BadKey("patch_size", "3", "a divisor of image_size 4, found 3"),
  BadKey("patch_size", "8", "a divisor of image_size 4, found 8"),
  BadKey("num_heads", "3", "a divisor of hidden_size 4, found 3"),
  BadKey("moe_layers", nil, "(the key is required), found nothing"),
  BadKey("moe_layers", "null", "strictly ascending integers from 0 to 1, found null"),
  BadKey("moe_layers", "1", "strictly ascending"),
  BadKey("moe_layers", "[1,0]", "strictly ascending integers from 0 to 1, found 0"),
  BadKey("moe_layers", "[1,1]", "found 1"),
  BadKey("moe_layers", "[2]", "found 2"),
  BadKey("moe_layers", "[-1]", "found -1"),
  BadKey("moe_layers", "[1.0]", "found 1.0"),
  BadKey("num_selected_experts", "3", "an integer from 1 to 2, found 3"),
  BadKey("group_size", "0", "\"item\", \"batch\" or an integer from 1 to 2147483647, found 0"),
  BadKey("group_size", "\"image\"", "found \"image\""),
  BadKey("group_size", "null", "found null"),
  BadKey("group_size", "2.5", "found 2.5"),
  BadKey("group_size", "2147483648", "from 1 to 2147483647, found 2147483648"),
  BadKey("capacity_factor", "-0.5", "a number of at least 0, or null, found -0.5"),
  BadKey("capacity_factor", "\"1\"", "found \"1\""),
  BadKey("capacity_factor", "1e999", "not acceptable as JSON"),
  BadKey("capacity_rounding", "\"floor\"", "\"ceil\" or \"round\", found \"floor\""),
  BadKey("capacity_rounding", "null", "found null"),
  BadKey("capacity_multiple", "0", "an integer from 1 to 2147483647, found 0"),
  BadKey("capacity_multiple", "1.5", "an integer or null, found 1.5"),
  BadKey("batch_priority", "0", "true or false, found 0"),
  BadKey("batch_priority", "null", "true or false, found null"),
  BadKey("bfloat16_dispatch", "\"yes\"", "true or false"),
  BadKey("normalize_gates", "1", "true or false"),
  BadKey("router_softmax", "\"some\"", "\"all\" or \"kept\""),
  BadKey("gelu", "\"exact\"", "\"tanh\" or \"erf\""),
  BadKey("layer_norm_eps", "0", "a number above 0"),
  BadKey("layer_norm_eps", "1e-60", "a number above 0"),
  BadKey("layer_norm_eps", "1e60", "a number above 0"),
  BadKey("layer_norm_eps", "null", "a number above 0"),
  BadKey("image_pooling", "\"first\"", "\"mean\" or \"token\""),
  BadKey("image_pooling", "\"map\"", "found \"map\", a pooling that is reserved"),
  BadKey("text_pooling", "\"map\"", "found \"map\", a pooling that is reserved"),
  BadKey("text_pooling", "\"eos\"", "\"mean\" or \"first\" or \"last\""),
  BadKey("pads_attended", "1", "true or false"),
  BadKey("pads_attended", "false", "true, or tokenizer/pad_id and tokenizer/eos_id"),
  BadKey("pads_pooled", "false", "true, or tokenizer/pad_id and tokenizer/eos_id"),
  BadKey(
    "pads_pooled", "false", "tokenizer/pad_id and tokenizer/eos_id",
    with: ["tokenizer": "{\"type\":\"none\",\"pad_id\":1}"]),
  BadKey(
    "pads_attended", "false", "true with a finite capacity_factor",
    with: ["tokenizer": "{\"type\":\"none\",\"pad_id\":1,\"eos_id\":1}", "capacity_factor": "1.0"]),
  BadKey("embedding_norm_eps", "-1e-9", "a number of at least 0"),
  BadKey("tokenizer", "[]", "an object or null"),
  BadKey("tokenizer", "{}", "\"tokenizer/type\": expected \"none\" or \"sentencepiece_unigram\""),
  BadKey("tokenizer", "{\"type\":\"bpe\"}", "found \"bpe\""),
  BadKey(
    "tokenizer", "{\"type\":\"none\",\"file\":\"x\"}", "\"tokenizer/file\": expected no such key"),
  BadKey(
    "tokenizer", "{\"type\":\"none\",\"lower_case\":true}", "\"tokenizer/lower_case\": expected no such key"),
  BadKey("tokenizer", "{\"type\":\"none\",\"more\":1}", "\"tokenizer/more\": expected no such key"),
  BadKey("tokenizer", "{\"type\":\"none\",\"eos_id\":64}", "an integer from 0 to 63, found 64"),
  BadKey("tokenizer", "{\"type\":\"none\",\"pad_id\":-1}", "found -1"),
  BadKey("tokenizer", "{\"type\":\"none\",\"pad_id\":null}", "found null"),
  BadKey("tokenizer", "{\"type\":\"none\",\"max_length\":4}", "an integer from 3 to 3, found 4"),
  BadKey("tokenizer", "{\"type\":\"none\",\"eos\":\"maybe\"}", "\"sticky\" or \"yes\" or \"none\""),
  BadKey("tokenizer", "{\"type\":\"none\",\"type\":\"none\"}", "duplicate object key"),
  BadKey("tokenizer", "{\"type\":\"sentencepiece_unigram\",\"eos_id\":1,\"pad_id\":1}", "\"tokenizer/file\""),
  BadKey(
    "tokenizer", "{\"type\":\"sentencepiece_unigram\",\"file\":\"x\",\"pad_id\":1}", "\"tokenizer/eos_id\""),
  BadKey(
    "tokenizer", "{\"type\":\"sentencepiece_unigram\",\"file\":\"../x\",\"eos_id\":1,\"pad_id\":1}",
    "a file name without a path, found \"../x\""),
  BadKey(
    "tokenizer", "{\"type\":\"sentencepiece_unigram\",\"file\":\"absent.model\",\"eos_id\":1,\"pad_id\":1}",
    "absent.model: there is no such file"),
  BadKey("image_preprocessing", "true", "an object or null"),
  BadKey("image_preprocessing", "{\"resize\":\"squash\"}", "\"image_preprocessing/interpolation\""),
  BadKey("image_preprocessing", "{\(preprocessing)}", "\"image_preprocessing/resize\""),
  BadKey("image_preprocessing", image("\"resize\":\"fit\""), "\"squash\" or \"shortest_side\""),
  BadKey("image_preprocessing", image("\"resize\":\"squash\",\"size\":5"), "an integer from 4 to 4, found 5"),
  BadKey("image_preprocessing", image("\"resize\":\"shortest_side\",\"size\":3"), "found 3"),
  BadKey("image_preprocessing", image("\"resize\":\"squash\",\"crop\":\"center\""), "expected \"none\""),
  BadKey(
    "image_preprocessing", image("\"resize\":\"shortest_side\",\"crop\":\"none\""), "expected \"center\""),
  BadKey("image_preprocessing", "{\"resize\":\"squash\",\"interpolation\":\"nearest\"}", "found \"nearest\""),
  BadKey("image_preprocessing", image("\"resize\":\"squash\",\"value_range\":[0]"), "an array of 2 numbers"),
  BadKey("image_preprocessing", image("\"resize\":\"squash\",\"value_range\":[0,\"1\"]"), "found \"1\""),
  BadKey(
    "image_preprocessing", image("\"resize\":\"squash\",\"value_range\":[1,1]"),
    "\"image_preprocessing/value_range\": expected two numbers in ascending order, found 1.0, 1.0"),
  BadKey("image_preprocessing", image("\"resize\":\"squash\",\"value_range\":[0,1e39]"), "that f32 can hold"),
  BadKey("image_preprocessing", image("\"resize\":\"squash\",\"mean\":[0,0,0]"), "both of mean and std"),
  BadKey("image_preprocessing", image("\"resize\":\"squash\",\"std\":[1,1,1]"), "both of mean and std"),
  BadKey(
    "image_preprocessing", image("\"resize\":\"squash\",\"mean\":[0,0,0],\"std\":[1,0,1]"), "above 0"),
  BadKey(
    "image_preprocessing",
    image("\"resize\":\"squash\",\"mean\":[0,0,0],\"std\":[1,1,1],\"value_range\":[0,1]"),
    "no such key beside mean and std"),
  BadKey("image_preprocessing", image("\"resize\":\"squash\",\"flip\":true"), "\"image_preprocessing/flip\""),
  BadKey("metadata", "null", "\"metadata\": expected an object, found null"),
  BadKey("metadata", "{\"licence\":1}", "\"metadata/licence\": expected a string, found 1"),
  BadKey("metadata", "{\"\":\"x\"}", "a key of 1 to"),
  BadKey("dropout", "0.1", "\"dropout\": expected no such key, found 0.1"),
  BadKey("num_classes", "10", "expected no such key, found 10, a key of V-MoE folders"),
  BadKey("classifier", "\"gap\"", "a key of V-MoE folders"),
]

@Test(arguments: badLIMoE) func refusesLIMoEConfig(_ bad: BadKey) throws {
  let said = try #require(try said(.limoe, bad))
  #expect(said.contains(bad.says), "\(said)")
}

private let badVMoE: [BadKey] = [
  BadKey("model_type", "\"vit\"", "config.json has model_type \"vit\""),
  BadKey("moe_layers", nil, "the key is required"),
  BadKey("group_size", nil, "the key is required"),
  BadKey("group_size", "\"image\"", "\"item\", \"batch\" or an integer"),
  BadKey("num_experts", nil, "the key is required", with: ["moe_layers": "[]"]),
  BadKey("classifier", nil, "\"token\" or \"gap\" (the key is required)"),
  BadKey("classifier", "\"map\"", "found \"map\", a pooling that is reserved"),
  BadKey("representation_size", "0", "an integer from 1"),
  BadKey("representation_size", "\"8\"", "an integer or null"),
  BadKey("vocab_size", "10", "expected no such key, found 10, a key of LIMoE folders"),
  BadKey("tokenizer", "null", "a key of LIMoE folders"),
  BadKey("pads_pooled", "true", "a key of LIMoE folders"),
]

@Test(arguments: badVMoE) func refusesVMoEConfig(_ bad: BadKey) throws {
  let said = try #require(try said(.vmoe, bad))
  #expect(said.contains(bad.says), "\(said)")
}

@Test(arguments: ["", "[]", "{", "{\"a\":1,\"a\":1}", "\"limoe\"", "{}x", "\u{FEFF}{}", "{\"a\":\"\u{0}\"}"])
func refusesTextThatIsNoConfig(_ text: String) throws {
  let folder = try TemporaryFolder()
  try folder.write("config.json", text: text)
  let said = try #require(complaint(folder))
  #expect(said.contains("config.json"))
}

/// Every optional key at a value that is not its default, null where null is allowed.
private let goodLIMoE: [[String: String]] = [
  [:],
  [
    "capacity_factor": "null", "capacity_multiple": "null", "tokenizer": "null",
    "image_preprocessing": "null",
  ],
  ["capacity_factor": "0", "group_size": "7"],
  ["capacity_factor": "1e300", "group_size": "\"batch\""],
  [
    "capacity_factor": "1", "group_size": "\"batch\"", "capacity_rounding": "\"round\"",
    "capacity_multiple": "1",
    "batch_priority": "true", "bfloat16_dispatch": "true", "normalize_gates": "true",
    "router_softmax": "\"kept\"", "gelu": "\"erf\"", "layer_norm_eps": "1", "embedding_norm_eps": "0",
    "text_pooling": "\"last\"", "metadata": "{\"licence\":\"CC0-1.0\"}",
    "image_preprocessing": image("\"resize\":\"squash\",\"crop\":\"none\",\"size\":4,\"value_range\":[0,1]"),
    "tokenizer": "{\"type\":\"none\",\"max_length\":3,\"eos\":\"yes\",\"eos_id\":63}",
  ],
  ["pads_attended": "false", "tokenizer": "{\"type\":\"none\",\"pad_id\":0,\"eos_id\":1}"],
  [
    "pads_pooled": "false", "text_pooling": "\"first\"",
    "tokenizer": "{\"type\":\"none\",\"pad_id\":0,\"eos_id\":1}",
  ],
]

@Test(arguments: goodLIMoE) func takesLIMoEConfig(_ keys: [String: String]) throws {
  var model = TinyModel.limoe
  model.config.merge(keys) { $1 }
  let folder = try TemporaryFolder()
  try model.write(to: folder)
  #expect(complaint(folder, writes: true) == nil)
}

@Test func takesADenseModelWithoutExperts() throws {
  var model = TinyModel.limoe
  model.config["moe_layers"] = "[]"
  model.config["num_experts"] = nil
  model.config["num_selected_experts"] = nil
  for (name, tensor) in model.tensors where name.hasPrefix("Encoder/encoderblock_0/Mlp") {
    model.tensors[name.replacing("block_0", with: "block_1")] = tensor
  }
  for name in model.tensors.keys where name.contains("/Moe/") { model.tensors[name] = nil }
  let folder = try TemporaryFolder()
  try model.write(to: folder)
  #expect(complaint(folder, writes: true) == nil)
}

@Test(arguments: [nil, "\"vmoe\""]) func takesVMoEWithAndWithoutModelType(_ type: String?) throws {
  var model = TinyModel.vmoe
  model.config["model_type"] = type
  model.config["representation_size"] = "null"
  let folder = try TemporaryFolder()
  try model.write(to: folder)
  #expect(complaint(folder, writes: true) == nil)
}

@Test func droplessAllowsPadsThatAreNotAttended() throws {
  var model = TinyModel.limoe
  model.config["pads_attended"] = "false"
  model.config["tokenizer"] = "{\"type\":\"none\",\"pad_id\":0,\"eos_id\":1}"
  model.config["capacity_factor"] = "0.5"
  let folder = try TemporaryFolder()
  try model.write(to: folder)
  #expect(complaint(folder) != nil)
  var options = ConversionOptions()
  options.dropless = true
  #expect(complaint(folder, options: options) == nil)
}
