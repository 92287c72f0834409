public import LimequatBytes

/// Something that a node may read: an input, a weight, a constant or what a node made. Borrows from the
/// ``Graph``: valid while that lives.
public struct Value: Sendable {
  public let name: Name
  public let source: ValueSource
  public let type: GraphType
  /// What the graph states: the dims of inputs (some may be symbolic), weights and constants; nil for what
  /// nodes make.
  public let dims: DeclaredDims?
}

public enum ValueSource: @unchecked Sendable {  // the bytes are never written
  /// The input at this place.
  case input(Int)
  /// The output of the node at this place.
  case node(Int)
  /// A weight: the tensor of this name in the container's directory.
  case external(location: Name)
  /// Little-endian, row-major, at any address; what type and dims give, at most 65,536 bytes.
  case constant(UnsafeRawBufferPointer)
}

/// A declared dim.
public enum DeclaredDim: Sendable {
  case fixed(Int)
  /// The same number wherever the name stands; bounds are in the container's signature.
  case symbolic(Name)
}
