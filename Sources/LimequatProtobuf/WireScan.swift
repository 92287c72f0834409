internal import CProtobufC
internal import LimequatBytes

/// Walks the wire form of a message before libprotobuf-c sees it, with the descriptor's knowledge of which
/// fields are messages. libprotobuf-c recurses without a limit, cuts strings at a zero byte, checks no UTF-8
/// and merges a singular field that stands twice; after this walk none of that can matter.
struct WireScan {
  let bytes: UnsafeRawBufferPointer
  let maximumDepth: Int

  /// Checks the message in `range`, which lies `depth` deep.
  func check(
    _ range: Range<Int>, as descriptor: UnsafePointer<ProtobufCMessageDescriptor>, depth: Int
  ) throws(ProtobufError) {
    guard depth <= maximumDepth else { throw .tooDeep(limit: maximumDepth, offset: range.lowerBound) }
    var at = range.lowerBound
    var seen: UInt64 = 0
    while at < range.upperBound {
      let start = at
      let tag = try number(&at, in: range, maximumBytes: 5)
      let id = tag >> 3
      guard id > 0, id < 1 << 29 else { throw .malformed(.fieldNumber, offset: start) }
      let content = try skip(wireType: tag & 7, &at, in: range, start: start)
      guard let index = field(id, of: descriptor) else { continue }
      let field = descriptor.pointee.fields[index]
      guard accepts(field, wireType: tag & 7) else { throw .malformed(.wireType, offset: start) }
      if field.label != PROTOBUF_C_LABEL_REPEATED {
        // Schemas have at most 64 fields a message; a longer one would only go unchecked here.
        let bit: UInt64 = 1 << UInt64(slot(index, of: descriptor))
        guard seen & bit == 0 else { throw .malformed(.repeatedField, offset: start) }
        seen |= bit
      }
      if field.type == PROTOBUF_C_TYPE_STRING {
        let text = UnsafeRawBufferPointer(rebasing: bytes[content])
        guard isText(text) else { throw .malformed(.text, offset: start) }
      } else if field.type == PROTOBUF_C_TYPE_MESSAGE, let inner = field.descriptor {
        try check(
          content, as: inner.assumingMemoryBound(to: ProtobufCMessageDescriptor.self), depth: depth + 1)
      }
    }
  }

  /// The index of the field with this number. Descriptors are short.
  private func field(_ id: UInt64, of descriptor: UnsafePointer<ProtobufCMessageDescriptor>) -> Int? {
    for index in 0..<Int(descriptor.pointee.n_fields) where UInt64(descriptor.pointee.fields[index].id) == id
    {
      return index
    }
    return nil
  }

  /// Members of a oneof share the slot of the first of them.
  private func slot(_ index: Int, of descriptor: UnsafePointer<ProtobufCMessageDescriptor>) -> Int {
    let field = descriptor.pointee.fields[index]
    let oneof = UInt32(PROTOBUF_C_FIELD_FLAG_ONEOF.rawValue)
    guard field.flags & oneof != 0 else { return index }
    for other in 0..<index {
      let candidate = descriptor.pointee.fields[other]
      if candidate.flags & oneof != 0, candidate.quantifier_offset == field.quantifier_offset { return other }
    }
    return index
  }

  private func accepts(_ field: ProtobufCFieldDescriptor, wireType: UInt64) -> Bool {
    switch field.type {
    case PROTOBUF_C_TYPE_STRING, PROTOBUF_C_TYPE_BYTES, PROTOBUF_C_TYPE_MESSAGE: return wireType == 2
    case PROTOBUF_C_TYPE_FIXED64, PROTOBUF_C_TYPE_SFIXED64, PROTOBUF_C_TYPE_DOUBLE:
      return wireType == 1 || isPacked(field, wireType)
    case PROTOBUF_C_TYPE_FIXED32, PROTOBUF_C_TYPE_SFIXED32, PROTOBUF_C_TYPE_FLOAT:
      return wireType == 5 || isPacked(field, wireType)
    default: return wireType == 0 || isPacked(field, wireType)
    }
  }

  /// Repeated numbers may be packed or not, whatever the schema says.
  private func isPacked(_ field: ProtobufCFieldDescriptor, _ wireType: UInt64) -> Bool {
    wireType == 2 && field.label == PROTOBUF_C_LABEL_REPEATED
  }

  /// The content of a field; `at` is behind it afterwards.
  private func skip(
    wireType: UInt64, _ at: inout Int, in range: Range<Int>, start: Int
  ) throws(ProtobufError) -> Range<Int> {
    let size: Int
    var from = at
    switch wireType {
    case 0:
      _ = try number(&at, in: range, maximumBytes: 10)
      return from..<at
    case 1: size = 8
    case 2:
      guard let length = Int(exactly: try number(&at, in: range, maximumBytes: 10)) else {
        throw .malformed(.truncated, offset: start)
      }
      from = at
      size = length
    case 5: size = 4
    default: throw .malformed(.wireType, offset: start)  // groups too: proto3 has none
    }
    guard size <= range.upperBound - at else { throw .malformed(.truncated, offset: start) }
    at += size
    return from..<at
  }

  private func number(
    _ at: inout Int, in range: Range<Int>, maximumBytes: Int
  ) throws(ProtobufError) -> UInt64 {
    let start = at
    var value: UInt64 = 0
    while at < range.upperBound {
      let byte = bytes[at]
      // At most 9 * 7 = 63: bits above the 64th fall off, as in every protobuf reader.
      value |= UInt64(byte & 0x7F) << UInt64(7 * (at - start))
      at += 1
      if byte < 0x80 { return value }
      guard at - start < maximumBytes else { throw .malformed(.longNumber, offset: start) }
    }
    throw .malformed(.truncated, offset: start)
  }
}
