public import LimequatBytes

/// Why a protobuf message was refused. Offsets count from the start of the outermost message.
public indirect enum ProtobufError: Error, Equatable, Sendable {
  /// The bytes are no message of this kind.
  case malformed(Fault, offset: Int)
  /// Messages lie deeper in one another than a reader goes.
  case tooDeep(limit: Int, offset: Int)
  /// Unpacking needs more memory than a message may take.
  case tooLarge(limit: Int)
  /// The system refused memory.
  case memory(BytesError)

  public enum Fault: Sendable {
    case truncated, longNumber, fieldNumber, wireType, repeatedField, text, content
  }
}

extension ProtobufError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .malformed(let fault, let offset): "protobuf message at byte \(offset): \(fault.text)"
    case .tooDeep(let limit, let offset):
      "protobuf message at byte \(offset): messages lie more than \(limit) deep in one another"
    case .tooLarge(let limit): "protobuf message: needs more than \(limit) bytes of memory when unpacked"
    case .memory(let error): error.description
    }
  }
}

extension ProtobufError.Fault {
  var text: String {
    switch self {
    case .truncated: "a field runs past the end of its message"
    case .longNumber: "a number has more bytes than a number can have"
    case .fieldNumber: "a field has the number 0 or one above 536870911"
    case .wireType: "a field has a wire type that is not the one of its type"
    case .repeatedField: "a field that may stand once (or a second member of a oneof) stands again"
    case .text: "a string is not UTF-8 or contains a zero byte"
    case .content: "libprotobuf-c refuses the content"
    }
  }
}
