/// The logical element type of a value. Raw values are those of ONNX's TensorProto.DataType.
///
/// How a weight is stored (f16, int8, ...) is no matter of the graph: every weight is `f32` here.
public enum GraphType: Int32, Sendable {
  case f32 = 1
  case u8 = 2
  case i32 = 6
  case i64 = 7
  case bool = 9

  /// Bytes of one element.
  public var size: Int {
    switch self {
    case .u8, .bool: 1
    case .f32, .i32: 4
    case .i64: 8
    }
  }
}

extension GraphType: CustomStringConvertible {
  public var description: String {
    switch self {
    case .f32: "f32"
    case .u8: "u8"
    case .i32: "i32"
    case .i64: "i64"
    case .bool: "bool"
    }
  }
}
