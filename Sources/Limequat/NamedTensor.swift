package import LimequatBytes
package import LimequatTensor

/// An input of a call, found by its name.
package struct NamedInput {
  let name: Name
  let type: ElementType
  let shape: Shape
  /// Not looked at when the call is only planned.
  let bytes: UnsafeRawBufferPointer

  package init(name: Name, type: ElementType, shape: Shape, bytes: UnsafeRawBufferPointer) {
    self.name = name
    self.type = type
    self.shape = shape
    self.bytes = bytes
  }
}

/// An output of a call, found by its name. The call fills in what it is.
package struct NamedOutput {
  let name: Name
  /// At least as long as the output, unless the call is only planned.
  let room: UnsafeMutableRawBufferPointer
  package var type = ElementType.f32
  package var shape = Shape()
  /// Of the output, in bytes.
  package var size = 0

  package init(name: Name, room: UnsafeMutableRawBufferPointer) {
    self.name = name
    self.room = room
  }
}
