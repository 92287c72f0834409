public import LimequatBytes

/// One step of a graph; has one output. Borrows from the ``Graph``: valid while that lives.
public struct Node: @unchecked Sendable {
  /// Not empty; need not be unique.
  public let name: Name
  /// The operator's name in ONNX, such as `MatMul`.
  public let type: Name
  public let op: Operator
  /// The value it makes.
  public let output: Int
  /// Values; -1: left out.
  let inputs: UnsafeBufferPointer<Int32>

  /// Left-out inputs in the middle count, at the end they do not.
  public var inputCount: Int { inputs.count }

  /// The value it reads, nil where none is given.
  public func input(at index: Int) -> Int? {
    guard index >= 0, index < inputs.count, inputs[index] >= 0 else { return nil }
    return Int(inputs[index])
  }
}
