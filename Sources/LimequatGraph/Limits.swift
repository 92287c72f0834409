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
