import LimequatContainer
import LimequatTestSupport
import Testing

@testable import LimequatConvert

@Test func recognisesFamilies() throws {
  #expect(try Architecture.recognise(source: Fixture.path("limoe-small")) == .limoe)
  #expect(try Architecture.recognise(source: Fixture.path("vmoe-capacity")) == .vmoe)
}

@Test(arguments: ["", "/", "//", "/model.safetensors", "/config.json"])
func takesTheFolderOfAFile(_ ending: String) throws {
  let plan = try Conversion.plan(source: Fixture.path("limoe-small") + ending)
  #expect(plan.source == Fixture.path("limoe-small"))
}

@Test func saysWhatIsKnown() throws {
  let folder = try TemporaryFolder()
  #expect(complaint(folder)?.contains("no known checkpoint (limoe, vmoe): no config.json in") == true)
  for source in ["/absent/folder", "absent", ""] {
    #expect(throws: ConversionError.self) { try Conversion.plan(source: source) }
  }
  try folder.write("config.json", text: "{\"model_type\":\"bert\"}")
  #expect(
    complaint(folder)?.contains("(limoe, vmoe): \(folder.path)/config.json has model_type \"bert\"") == true)
}

@Test func architectureOverridesButIsChecked() throws {
  var options = ConversionOptions()
  options.architecture = .vmoe
  #expect(throws: ConversionError.self) {
    try Conversion.plan(source: Fixture.path("limoe-small"), options: options)
  }
  #expect(try Conversion.plan(source: Fixture.path("vmoe-gap"), options: options).architecture == .vmoe)
}

@Test func refusesFoldersWithoutWeights() throws {
  let folder = try TemporaryFolder()
  try folder.write("config.json", text: TinyModel.limoe.configText)
  #expect(complaint(folder)?.contains("no weights; expected one of model.safetensors") == true)
  try TinyModel.limoe.write(to: folder)
  #expect(complaint(folder) == nil)
  try folder.write("checkpoint.index", text: "")
  #expect(complaint(folder)?.contains("found model.safetensors and checkpoint.index") == true)
}

@Test(arguments: Array(TinyModel.limoe.tensors.keys).sorted())
func refusesAMissingTensor(_ name: String) throws {
  var model = TinyModel.limoe
  model.tensors[name] = nil
  let folder = try TemporaryFolder()
  try model.write(to: folder)
  let said = try #require(complaint(folder))
  #expect(said.contains("tensor \"\(name)\": expected shape"))
  #expect(said.contains("found no such tensor"))
}

@Test(arguments: Array(TinyModel.vmoe.tensors.keys).sorted())
func refusesAnotherShape(_ name: String) throws {
  var model = TinyModel.vmoe
  let shape = try #require(model.tensors[name]).shape
  for other in [shape + [1], [shape[0] + 1] + shape.dropFirst()] {
    model.tensors[name] = .f32(other)
    let folder = try TemporaryFolder()
    try model.write(to: folder)
    #expect(complaint(folder) == "tensor \"\(name)\": expected shape \(shape), found \(other)")
  }
}

@Test(arguments: ["F64", "I32", "I8", "F8_E4M3", "BOOL"]) func refusesAnotherType(_ type: String) throws {
  var model = TinyModel.limoe
  let size = ["F64": 8, "I32": 4][type] ?? 1
  model.tensors["t"] = .init(type, [], [UInt8](repeating: 0, count: size))
  let folder = try TemporaryFolder()
  try model.write(to: folder)
  #expect(complaint(folder) == "tensor \"t\": expected type F32, F16 or BF16, found \(type)")
}

@Test(arguments: [
  "optimizer/step", "cls", "head/bias", "Encoder/encoderblock_1/Moe/Router/dense/bias",
  "Encoder/encoderblock_1/Mlp/Dense_0/kernel", "Encoder/encoderblock_2/LayerNorm_0/scale",
]) func refusesATensorThatIsLeft(_ name: String) throws {
  var model = TinyModel.limoe
  model.tensors[name] = .f32([5])
  let folder = try TemporaryFolder()
  try model.write(to: folder)
  let said = try #require(complaint(folder))
  #expect(said.contains("tensor \"\(name)\": expected no such tensor in this model, found F32 [5]"))
}

@Test func takesHeadBiasesEachForItself() throws {
  for names in [["head_image/bias"], ["head_text/bias"], ["head_image/bias", "head_text/bias"]] {
    var model = TinyModel.limoe
    for name in names { model.tensors[name] = .f32([5]) }
    let folder = try TemporaryFolder()
    try model.write(to: folder)
    #expect(complaint(folder, writes: true) == nil)
  }
}

@Test(arguments: [[], [1]]) func takesBothShapesOfT(_ shape: [Int]) throws {
  var model = TinyModel.limoe
  model.tensors["t"] = .f32(shape)
  model.set("t", 0, to: 2.5)
  let folder = try TemporaryFolder()
  try model.write(to: folder)
  #expect(try Conversion.plan(source: folder.path).draft.manifest.logitScale == 2.5)
}

@Test(arguments: Array(TinyModel.limoe.tensors.keys).sorted(), [Float.nan, .infinity, -.infinity])
func refusesWhatIsNotFinite(_ name: String, _ value: Float) throws {
  for type in ConversionOptions.WeightType.allCases {
    var model = TinyModel.limoe
    let last = try #require(model.tensors[name]).shape.reduce(1, *) - 1
    model.set(name, last, to: value)
    let folder = try TemporaryFolder()
    try model.write(to: folder)
    try folder.write("out.lmq", text: "as it was")
    var options = ConversionOptions()
    options.weights = type
    let said = try #require(complaint(folder, options: options, writes: true))
    #expect(
      said == "tensor \"\(name)\": expected finite numbers, found a NaN or an infinity at element \(last)")
    #expect(try bytes(ofFile: folder.file("out.lmq")) == Array("as it was".utf8))
  }
}

@Test(arguments: [
  ("Embed_0/embedding", 7), ("head_text/kernel", 19), ("Encoder/encoderblock_1/Moe/Mlp/Dense_1/kernel", 47),
  ("Encoder/encoderblock_1/Moe/Mlp/Dense_0/kernel", 24),
]) func refusesWhatHalfCannotHold(_ name: String, _ element: Int) throws {
  var model = TinyModel.limoe
  model.set(name, element, to: 70_000)
  // Vectors stay f32.
  model.set("embedding/bias", 0, to: 70_000)
  model.set("Encoder/encoderblock_1/Moe/Router/dense/kernel", 0, to: 70_000)
  let folder = try TemporaryFolder()
  try model.write(to: folder)
  #expect(complaint(folder, writes: true) == nil)
  var options = ConversionOptions()
  options.weights = .f16
  #expect(
    complaint(folder, options: options, writes: true)
      == "tensor \"\(name)\": element \(element) is 70000.0, which f16 cannot hold")
}
