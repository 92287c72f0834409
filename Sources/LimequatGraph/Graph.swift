internal import CLimequatSchema
public import LimequatBytes
internal import LimequatProtobuf

/// The typed, validated graph of one signature. Immutable; names, lists and constants borrow from it.
///
/// Values are numbered: the inputs, then the initializers, then the output of each node in order, which is an
/// order in which they can run.
public final class Graph: Sendable {
  private let message: UnpackedMessage<Onnx__ModelProto>
  private let values: Table<Value>
  private let nodes: Table<Node>
  /// What `Node.inputs` borrow.
  private let nodeInputs: Table<Int32>
  private let outputs: Table<Output>

  struct Output {
    var value: Int
    var dims: DeclaredDims
  }

  init(
    message: UnpackedMessage<Onnx__ModelProto>, values: consuming Table<Value>, nodes: consuming Table<Node>,
    nodeInputs: consuming Table<Int32>, outputs: consuming Table<Output>, inputCount: Int
  ) {
    self.message = message
    self.values = values
    self.nodes = nodes
    self.nodeInputs = nodeInputs
    self.outputs = outputs
    self.inputCount = inputCount
  }

  public var valueCount: Int { values.count }
  public func value(at index: Int) -> Value? { values[index] }

  public var nodeCount: Int { nodes.count }
  public func node(at index: Int) -> Node? { nodes[index] }

  public let inputCount: Int
  /// The value of an input: the same number.
  public func input(at index: Int) -> Int? { index >= 0 && index < inputCount ? index : nil }

  public var outputCount: Int { outputs.count }
  /// The value that is given out at this place.
  public func output(at index: Int) -> Int? { outputs[index]?.value }
  /// The dims that the graph declares for an output.
  public func outputDims(at index: Int) -> DeclaredDims? { outputs[index]?.dims }

  /// Nil when no input has this name. Inputs are few.
  public func inputIndex(_ name: Name) -> Int? {
    for index in 0..<inputCount where values[index]?.name == name { return index }
    return nil
  }

  /// Nil when no output has this name. Outputs are few.
  public func outputIndex(_ name: Name) -> Int? {
    for index in 0..<outputCount {
      if let output = outputs[index], values[output.value]?.name == name { return index }
    }
    return nil
  }
}
