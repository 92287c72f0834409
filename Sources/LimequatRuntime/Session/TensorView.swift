public import LimequatTensor

/// A tensor in the caller's memory that is read during a call: contiguous, row-major, beginning at a multiple
/// of its element size.
public struct TensorView {
  public var type: ElementType
  public var shape: Shape
  public var bytes: UnsafeRawBufferPointer

  public init(type: ElementType, shape: Shape, bytes: UnsafeRawBufferPointer) {
    self.type = type
    self.shape = shape
    self.bytes = bytes
  }
}

/// The caller's memory for an output: exactly as many bytes as the output has, beginning at a multiple of its
/// element size.
public struct MutableTensorView {
  public var type: ElementType
  public var bytes: UnsafeMutableRawBufferPointer

  public init(type: ElementType, bytes: UnsafeMutableRawBufferPointer) {
    self.type = type
    self.bytes = bytes
  }
}
