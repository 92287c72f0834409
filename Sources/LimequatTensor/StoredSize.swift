/// Bytes of a tensor in the file (formats/container.md, "Sizes"). Nil where type, layout and shape do not go
/// together or the size does not fit.
public func storedSize(type: ElementType, layout: Layout, shape: Shape) -> Int? {
  switch layout {
  case .panel32:
    guard shape.rank == 2, type.isFloat || type == .int8 else { return nil }
    return Panel.bytes(inputs: shape[0], outputs: shape[1], type: type)
  case .rows:
    guard let codes = multiply(shape.count, type.size) else { return nil }
    guard type == .int8 else { return codes }
    // One f32 scale a row, on the next multiple of 64.
    guard shape.rank == 2, let start = roundUp(codes, to: 64) else { return nil }
    return add(start, multiply(shape[0], 4))
  }
}
