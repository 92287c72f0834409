internal import LimequatBytes
public import LimequatTensor

/// The concrete shapes of all values of a graph for given input shapes.
public struct InferredShapes: ~Copyable {
  private var shapes: Table<Shape>

  init(shapes: consuming Table<Shape>) { self.shapes = shapes }

  public var count: Int { shapes.count }

  /// The shape of a value; nil outside the graph's values.
  public subscript(_ value: Int) -> Shape? { shapes[value] }
}

/// What the container says about an expert bank.
public struct BankShape: Sendable, Equatable {
  public var inputSize: Int
  public var outputSize: Int
  public var isGated: Bool
  public var expertCount: Int
  /// Experts that are not absent.
  public var presentCount: Int

  public init(inputSize: Int, outputSize: Int, isGated: Bool, expertCount: Int, presentCount: Int) {
    self.inputSize = inputSize
    self.outputSize = outputSize
    self.isGated = isGated
    self.expertCount = expertCount
    self.presentCount = presentCount
  }
}
