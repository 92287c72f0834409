internal import LimequatBytes

/// What a graph may have at most (formats/graph.md, section "Limits").
enum Limits {
  /// Bytes of a ModelProto.
  static let model = 4 << 20
  /// Bytes of the memory that it needs unpacked.
  static let unpacked = 64 << 20
  /// Messages in one another; the deepest that ONNX nests here is 7.
  static let depth = 8
  static let inputs = 16
  static let outputs = 16
  static let initializers = 65_536
  static let nodes = 65_536
  static let nodeInputs = 64
  /// Bytes of a name.
  static let name = 1_024
  /// Entries of a list that a constant input gives.
  static let list = 16
  /// Bytes of a constant.
  static let constant = 65_536
  /// Elements of a value.
  static let elements = 1 << 40
  static let heads = 65_536
  static let experts = 65_536
}

extension Name {
  /// Whether it may be a name: 1 to 1,024 bytes, none a control character. (UTF-8 was checked with the wire.)
  var isValid: Bool {
    guard bytes.count >= 1, bytes.count <= Limits.name else { return false }
    for byte in bytes where byte < 0x20 || byte == 0x7F { return false }
    return true
  }

  /// For messages: what a name must be, and what one that is not valid is.
  static var validForm: String { "1 to \(Limits.name) bytes without control characters" }
  var invalidForm: String {
    bytes.count >= 1 && bytes.count <= Limits.name ? "a control character" : "\(bytes.count) bytes"
  }
}
