internal import CLimequatSchema
internal import CProtobufC
internal import LimequatBytes
import LimequatProtobuf
import Testing

/// Field `number` with a length-delimited content.
private func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
  [number << 3 | 2, UInt8(content.count)] + content
}

private func unpack(
  _ bytes: [UInt8], maximumDepth: Int = 16, memoryLimit: Int = 1 << 20
) throws -> UnpackedMessage<Onnx__ModelProto> {
  var empty = Onnx__ModelProto()
  onnx__model_proto__init(&empty)
  let descriptor = try #require(empty.base.descriptor)
  return try bytes.withUnsafeBytes {
    try UnpackedMessage.unpack(
      $0, descriptor: descriptor, maximumDepth: maximumDepth, memoryLimit: memoryLimit)
  }
}

@Test func unpacksWhatTheArenaPacked() throws {
  let arena = MessageArena()
  let model = try arena.array(of: Onnx__ModelProto.self, count: 1)
  onnx__model_proto__init(model)
  model.pointee.ir_version = 10
  model.pointee.producer_name = try arena.string("ein Wörtchen")
  let packed = try arena.pack(UnsafeRawPointer(model).assumingMemoryBound(to: ProtobufCMessage.self))
  let message = try unpack(Array(packed.bytes))
  #expect(message.root.pointee.ir_version == 10)
  #expect(Name(message.root.pointee.producer_name).text == "ein Wörtchen")
}

@Test func largeAllocationsOfTheArenaAreZero() throws {
  let arena = MessageArena()
  for size in [1, 100_000, 3, 70_000, 0] {
    let memory = UnsafeRawBufferPointer(start: try arena.allocate(size), count: size)
    #expect(memory.allSatisfy { $0 == 0 })
    #expect(UInt(bitPattern: memory.baseAddress) % 16 == 0)
  }
}

@Test(
  arguments: [
    ([0x08], .malformed(.truncated, offset: 1)),
    ([0x08] + [UInt8](repeating: 0x80, count: 12), .malformed(.longNumber, offset: 1)),
    ([0x00, 0x01], .malformed(.fieldNumber, offset: 0)),
    ([0x0D, 1, 2, 3, 4], .malformed(.wireType, offset: 0)),  // ir_version as fixed32
    ([0x3B, 0x3C], .malformed(.wireType, offset: 0)),  // a group
    ([0x08, 1, 0x08, 1], .malformed(.repeatedField, offset: 2)),
    ([0x12, 5, 0x61], .malformed(.truncated, offset: 0)),
    ([0x12, 3, 0x61, 0, 0x62], .malformed(.text, offset: 0)),
    ([0x12, 3, 0xED, 0xA0, 0x80], .malformed(.text, offset: 0)),  // a surrogate
    ([0x12, 2, 0xC0, 0x80], .malformed(.text, offset: 0)),  // an overlong zero
  ] as [([UInt8], ProtobufError)])
func refusesBrokenWire(bytes: [UInt8], error: ProtobufError) {
  #expect(throws: error) { try unpack(bytes) }
}

@Test func skipsUnknownFields() throws {
  let message = try unpack([0x08, 10] + field(14, [1, 2, 3]) + [0x28, 7])
  #expect(message.root.pointee.ir_version == 10)
}

@Test func countsTheDepthOfKnownMessagesOnly() throws {
  // A dim of an input: model, graph, value info, type, tensor, shape, dimension.
  var bytes: [UInt8] = field(2, [0x42])
  for number: UInt8 in [1, 2, 1, 2, 11, 7] { bytes = field(number, bytes) }
  let message = try unpack(bytes, maximumDepth: 7)
  #expect(message.root.pointee.graph != nil)
  #expect(throws: ProtobufError.tooDeep(limit: 6, offset: 12)) { try unpack(bytes, maximumDepth: 6) }
}

@Test func twoMembersOfAOneofAreRefused() {
  var bytes: [UInt8] = [0x08, 1] + field(2, [0x42])
  for number: UInt8 in [1, 2, 1, 2, 11, 7] { bytes = field(number, bytes) }
  #expect(throws: ProtobufError.malformed(.repeatedField, offset: 14)) { try unpack(bytes) }
}

@Test func memoryIsCapped() throws {
  // 1,000 empty nodes: 2,000 bytes that unpack to more than 100,000.
  let graph = [UInt8]((0..<1000).flatMap { _ in [0x0A, 0] as [UInt8] })
  let bytes: [UInt8] = [0x3A, UInt8(graph.count & 0x7F | 0x80), UInt8(graph.count >> 7)] + graph
  #expect(throws: ProtobufError.tooLarge(limit: 100_000)) { try unpack(bytes, memoryLimit: 100_000) }
  #expect(try unpack(bytes).root.pointee.graph.pointee.n_node == 1000)
}
