/// How one element of a tensor is stored. Raw values are those of formats/limequat.proto.
public enum ElementType: Int32, Sendable {
  case f32 = 1
  case f16 = 2
  case bf16 = 3
  /// Codes in [-127, 127] with one f32 scale per output row (formats/quantization.md).
  case int8 = 4
  case u8 = 5
  case i32 = 6
  case i64 = 7
  case bool = 8

  /// Bytes of one element.
  public var size: Int {
    switch self {
    case .int8, .u8, .bool: 1
    case .f16, .bf16: 2
    case .f32, .i32: 4
    case .i64: 8
    }
  }

  public var isFloat: Bool {
    switch self {
    case .f32, .f16, .bf16: true
    default: false
    }
  }
}

extension ElementType: CustomStringConvertible {
  public var description: String {
    switch self {
    case .f32: "f32"
    case .f16: "f16"
    case .bf16: "bf16"
    case .int8: "int8"
    case .u8: "u8"
    case .i32: "i32"
    case .i64: "i64"
    case .bool: "bool"
    }
  }
}
