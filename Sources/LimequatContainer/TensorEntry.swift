internal import CLimequatSchema
public import LimequatBytes
public import LimequatTensor

/// A tensor outside the banks. Its name is valid while its container lives.
public struct TensorEntry: Sendable {
  public let name: Name
  public let type: ElementType
  public let layout: Layout
  /// Logical dims, also where the layout pads.
  public let shape: Shape
  /// From the start of the file; a multiple of 64.
  public let offset: Int
  /// In bytes, padding, scales and row sums included.
  public let size: Int
  public let crc32c: UInt32
}

extension TensorEntry {
  /// Nil only for a message that the rules refuse.
  init?(_ message: UnsafePointer<Limequat__Tensor>) {
    let fields = message.pointee
    guard let type = ElementType(wire: fields.type), let layout = Layout(wire: fields.layout),
      let shape = Shape(message), let offset = Int(exactly: fields.offset),
      let size = Int(exactly: fields.size)
    else { return nil }
    self.init(
      name: Name(field: fields.name), type: type, layout: layout, shape: shape, offset: offset, size: size,
      crc32c: fields.crc32c)
  }
}

extension ElementType {
  init?(wire: Limequat__ElementType) { self.init(rawValue: Int32(truncatingIfNeeded: wire.rawValue)) }
}

extension Layout {
  init?(wire: Limequat__Layout) { self.init(rawValue: Int32(truncatingIfNeeded: wire.rawValue)) }
}

extension Shape {
  /// Nil for more dims than a shape has, or one that does not fit.
  fileprivate init?(_ message: UnsafePointer<Limequat__Tensor>) {
    self.init()
    guard message.pointee.n_dims <= Shape.maximumRank else { return nil }
    for index in 0..<message.pointee.n_dims {
      guard let dim = Int(exactly: message.pointee.dims[index]), append(dim) else { return nil }
    }
  }
}
