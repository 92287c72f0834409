extension GraphBuilder {
  /// The serialised ModelProto; the same calls give the same bytes. Checks what ``Graph/decode(_:)`` checks.
  public func encode() throws(GraphError) -> [UInt8] {
    throw .broken(.wire, at: .init(), expected: "", found: "")
  }
}
