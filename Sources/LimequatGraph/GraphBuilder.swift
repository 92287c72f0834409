internal import LimequatBytes

/// Builds a graph to be stored in a container; ``encode()`` says whether it keeps the rules.
public struct GraphBuilder {
  /// A value of this builder.
  public struct Ref: Sendable {
    let index: Int
  }

  /// A dim of an input or output.
  public enum Dim: Sendable {
    case fixed(Int)
    case symbolic(String)
  }

  struct ValueInfo {
    var value: Int
    var type: GraphType
    var dims: [Dim]
  }

  struct Initializer {
    var value: Int
    var type: GraphType
    var dims: [Int]
    /// Nil: in the container's directory.
    var data: [UInt8]?
  }

  struct NodeDraft {
    var name: String
    var op: OperatorDraft
    /// Nil: left out.
    var inputs: [Int?]
    var output: Int
  }

  let name: String
  private(set) var valueNames: [String] = []
  private(set) var inputs: [ValueInfo] = []
  private(set) var outputs: [ValueInfo] = []
  private(set) var initializers: [Initializer] = []
  private(set) var nodes: [NodeDraft] = []

  public init(name: String) { self.name = name }

  public mutating func input(_ name: String, type: GraphType, dims: [Dim]) -> Ref {
    let ref = value(name)
    inputs.append(ValueInfo(value: ref.index, type: type, dims: dims))
    return ref
  }

  /// A weight: the tensor of this name in the container's directory, with its logical dims.
  public mutating func external(_ name: String, dims: [Int]) -> Ref {
    initializer(name, type: .f32, dims: dims, data: nil)
  }

  public mutating func constant(_ name: String, _ values: [Int64], dims: [Int]) -> Ref {
    var writer = ByteWriter()
    for value in values { writer.write(value) }
    return initializer(name, type: .i64, dims: dims, data: writer.bytes)
  }

  public mutating func constant(_ name: String, _ values: [Int32], dims: [Int]) -> Ref {
    var writer = ByteWriter()
    for value in values { writer.write(value) }
    return initializer(name, type: .i32, dims: dims, data: writer.bytes)
  }

  public mutating func constant(_ name: String, _ values: [Float], dims: [Int]) -> Ref {
    var writer = ByteWriter()
    for value in values { writer.write(value) }
    return initializer(name, type: .f32, dims: dims, data: writer.bytes)
  }

  public mutating func constant(_ name: String, _ values: [Bool], dims: [Int]) -> Ref {
    initializer(name, type: .bool, dims: dims, data: values.map { $0 ? 1 : 0 })
  }

  /// Adds a node and answers what it makes, a value of the node's name. An input that is nil is left out.
  /// Lists that ONNX passes as inputs become constants, named after the node.
  public mutating func node(_ op: OperatorDraft, _ inputs: [Ref?], name: String) -> Ref {
    var all = inputs.map { $0?.index }
    for input in op.constantInputs {
      let ref = constant(name + "." + input.name, input.list.map { Int64($0) }, dims: [input.list.count])
      all.append(ref.index)
    }
    let output = value(name)
    nodes.append(NodeDraft(name: name, op: op, inputs: all, output: output.index))
    return output
  }

  /// Gives out what a node made, under this name instead of the node's. A value is given out once.
  public mutating func output(_ value: Ref, name: String, type: GraphType, dims: [Dim]) {
    valueNames[value.index] = name
    outputs.append(ValueInfo(value: value.index, type: type, dims: dims))
  }

  private mutating func value(_ name: String) -> Ref {
    valueNames.append(name)
    return Ref(index: valueNames.count - 1)
  }

  private mutating func initializer(_ name: String, type: GraphType, dims: [Int], data: [UInt8]?) -> Ref {
    let ref = value(name)
    initializers.append(Initializer(value: ref.index, type: type, dims: dims, data: data))
    return ref
  }
}
