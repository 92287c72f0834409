import LimequatCheckpoint
import LimequatTensor
import LimequatTestSupport
import Testing

/// A bad file and a part of what is said about it.
struct BadFile: Sendable, CustomTestStringConvertible {
  let name: String
  let bytes: [UInt8]
  let says: String
  var testDescription: String { name }

  init(_ name: String, _ bytes: [UInt8], says: String) {
    self.name = name
    self.bytes = bytes
    self.says = says
  }

  init(_ name: String, header: String, data: Int = 4, says: String) {
    self.init(
      name, SafetensorsBuilder.file(header: header, data: [UInt8](repeating: 0, count: data)), says: says)
  }
}

/// What the reader says about a folder; nil when it takes it.
func complaint(_ folder: TemporaryFolder) -> String? {
  do throws(CheckpointError) {
    _ = try Checkpoint.open(folder: folder.path)
    return nil
  } catch { return error.description }
}

private func entry(
  _ name: String = "a", dtype: String = "\"F32\"", shape: String = "[1]", offsets: String = "[0,4]"
) -> String { "\"\(name)\":{\"dtype\":\(dtype),\"shape\":\(shape),\"data_offsets\":\(offsets)}" }

private let badFiles: [BadFile] = [
  BadFile("shorter than its header size", [0, 0, 0], says: "expected 8 bytes of header size, found 3"),
  BadFile("empty file", [], says: "found 0 bytes"),
  BadFile("no header", SafetensorsBuilder.file(header: ""), says: "found 0"),
  BadFile(
    "header beyond the file", SafetensorsBuilder.file(header: "{}", size: 3),
    says: "a header of 1 to 2 bytes, found 3"),
  BadFile(
    "header beyond the limit", SafetensorsBuilder.file(header: "{}", size: UInt64.max),
    says: "18446744073709551615"),
  BadFile("white space first", header: " {}", data: 0, says: "expected {, found byte 32"),
  BadFile("byte order mark", header: "\u{FEFF}{}", data: 0, says: "expected {"),
  BadFile("no JSON", header: "{\"a\":", says: "not acceptable as JSON, line 1"),
  BadFile("more behind the JSON", header: "{}{}", says: "not acceptable as JSON"),
  BadFile("not UTF-8", SafetensorsBuilder.file(header: "{}").map { $0 == 0x7D ? 0xFF : $0 }, says: "JSON"),
  BadFile("duplicate key", header: "{\(entry()),\(entry())}", says: "duplicate object key"),
  BadFile("deep JSON", header: "{\"a\":" + String(repeating: "[", count: 100_000), says: "depth"),
  BadFile(
    "entry is no object", header: "{\"a\":[]}", says: "tensor \"a\": expected an object, found an array"),
  BadFile(
    "no dtype", header: "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", says: "a known dtype, found none"),
  BadFile("unknown dtype", header: "{\(entry(dtype: "\"F31\""))}", says: "found \"F31\""),
  BadFile("dtype is no string", header: "{\(entry(dtype: "7"))}", says: "a known dtype, found 7"),
  BadFile("no shape", header: "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", says: "found none"),
  BadFile("negative dim", header: "{\(entry(shape: "[-1]"))}", says: "found -1"),
  BadFile("fractional dim", header: "{\(entry(shape: "[1.0]"))}", says: "found 1.0"),
  BadFile("string dim", header: "{\(entry(shape: "[\"1\"]"))}", says: "found \"1\""),
  BadFile("too many dims", header: "{\(entry(shape: "[1,1,1,1,1,1,1,1,1]"))}", says: "at most 8 dims"),
  BadFile("product does not fit", header: "{\(entry(shape: "[4611686018427387904,4]"))}", says: "that fits"),
  BadFile("bytes do not fit", header: "{\(entry(shape: "[4611686018427387904]"))}", says: "that fits"),
  BadFile(
    "half bytes", header: "{\(entry(dtype: "\"F4\"", offsets: "[0,1]"))}", data: 1, says: "whole bytes"),
  BadFile(
    "no offsets", header: "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", says: "data_offsets of two integers"),
  BadFile("three offsets", header: "{\(entry(offsets: "[0,4,4]"))}", says: "an array of 3"),
  BadFile("real offsets", header: "{\(entry(offsets: "[0,4e0]"))}", says: "two integers"),
  BadFile(
    "offsets turned", header: "{\(entry(offsets: "[4,0]"))}", says: "within the 4 bytes of data, found [4, 0]"
  ),
  BadFile("negative offset", header: "{\(entry(offsets: "[-4,0]"))}", says: "found [-4, 0]"),
  BadFile(
    "offset beyond the end", header: "{\(entry(shape: "[2]", offsets: "[0,8]"))}", says: "found [0, 8]"),
  BadFile("size differs", header: "{\(entry(shape: "[2]"))}", says: "expected 8 bytes for F32 [2], found 4"),
  BadFile("hole at the start", header: "{\(entry(offsets: "[4,8]"))}", data: 8, says: "begin at 0"),
  BadFile(
    "hole", header: "{\(entry()),\(entry("b", offsets: "[8,12]"))}", data: 12,
    says: "tensor \"b\": expected data_offsets that begin at 4"),
  BadFile("overlap", header: "{\(entry()),\(entry("b", offsets: "[2,6]"))}", data: 6, says: "begin at 4"),
  BadFile("same bytes", header: "{\(entry()),\(entry("b"))}", says: "begin at 4"),
  BadFile("bytes behind the last", header: "{\(entry())}", data: 5, says: "found 1 bytes more"),
  BadFile("metadata is no object", header: "{\"__metadata__\":[],\(entry())}", says: "__metadata__"),
  BadFile(
    "metadata of numbers", header: "{\"__metadata__\":{\"a\":1},\(entry())}",
    says: "expected a string, found 1"),
]

@Test(arguments: badFiles) func refusesSafetensors(_ bad: BadFile) throws {
  let folder = try TemporaryFolder()
  try folder.write("model.safetensors", bad.bytes)
  let said = try #require(complaint(folder))
  #expect(said.contains(bad.says))
  #expect(said.contains("model.safetensors"))
}

@Test(arguments: [
  "{}", "{}   ", "{\"__metadata__\":null}", "{\"__metadata__\":{\"format\":\"pt\"}}",
  "{\(entry(shape: "[0,7]", offsets: "[0,0]"))}",
]) func takesHeadersWithoutData(_ header: String) throws {
  let folder = try TemporaryFolder()
  try folder.write("model.safetensors", SafetensorsBuilder.file(header: header))
  #expect(complaint(folder) == nil)
}

@Test func takesMisalignedAndScalarTensors() throws {
  let folder = try TemporaryFolder()
  let header =
    "{\(entry("b", shape: "[]", offsets: "[1,5]")),\(entry("a", dtype: "\"U8\"", offsets: "[0,1]")),"
    + "\"c\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[5,9],\"more\":1}}"
  try folder.write("model.safetensors", SafetensorsBuilder.file(header: header, data: Array(0..<9)))
  let checkpoint = try Checkpoint.open(folder: folder.path)
  #expect(checkpoint.tensors.map(\.name) == ["a", "b", "c"])
  #expect(try read(checkpoint, "b") == [1, 2, 3, 4])
  #expect(try read(checkpoint, "c") == [5, 6, 7, 8])
  #expect(checkpoint.tensors[2].type == .bf16)
  #expect(checkpoint.index(of: "d") == nil)
}

/// All bytes of a tensor.
func read(_ checkpoint: Checkpoint, _ name: String) throws -> [UInt8] {
  let index = try #require(checkpoint.index(of: name))
  let tensor = checkpoint.tensors[index]
  var bytes = [UInt8](repeating: 0xEE, count: tensor.size)
  try bytes.withUnsafeMutableBytes {
    try checkpoint.read(index, leading: 0..<(tensor.shape.rank == 0 ? 1 : tensor.shape[0]), into: $0)
  }
  return bytes
}
