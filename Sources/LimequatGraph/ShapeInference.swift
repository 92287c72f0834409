public import LimequatBytes
public import LimequatTensor

extension Graph {
  /// The shapes of all values (rules G24 to G33 of formats/graph.md).
  ///
  /// `inputs` gives the shape of an input; `externals` the logical type and dims of a tensor in the container's
  /// directory, nil when there is none of that name; `banks` the same for an expert bank.
  public func inferShapes(
    inputs: (Int) -> Shape, externals: (Name) -> (type: GraphType, shape: Shape)?, banks: (Name) -> BankShape?
  ) throws(GraphError) -> InferredShapes {
    throw .broken(.wire, at: .init(), expected: "", found: "")
  }
}
