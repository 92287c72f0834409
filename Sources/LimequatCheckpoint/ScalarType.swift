public import LimequatTensor

/// How a checkpoint stores one element. Raw values are the names safetensors uses.
public enum ScalarType: String, Sendable {
  case bool = "BOOL"
  case f4 = "F4"
  case f6e2m3 = "F6_E2M3"
  case f6e3m2 = "F6_E3M2"
  case u8 = "U8"
  case i8 = "I8"
  case f8e5m2 = "F8_E5M2"
  case f8e4m3 = "F8_E4M3"
  case f8e8m0 = "F8_E8M0"
  case f8e4m3fnuz = "F8_E4M3FNUZ"
  case f8e5m2fnuz = "F8_E5M2FNUZ"
  case i16 = "I16"
  case u16 = "U16"
  case f16 = "F16"
  case bf16 = "BF16"
  case i32 = "I32"
  case u32 = "U32"
  case f32 = "F32"
  case c64 = "C64"
  case f64 = "F64"
  case i64 = "I64"
  case u64 = "U64"

  /// NumPy's name, as V-MoE's container uses it.
  init?(numpy name: String) {
    switch name {
    case "bool": self = .bool
    case "uint8": self = .u8
    case "int8": self = .i8
    case "int16": self = .i16
    case "uint16": self = .u16
    case "float16": self = .f16
    case "bfloat16": self = .bf16
    case "int32": self = .i32
    case "uint32": self = .u32
    case "float32": self = .f32
    case "complex64": self = .c64
    case "float64": self = .f64
    case "int64": self = .i64
    case "uint64": self = .u64
    default: return nil
    }
  }

  /// Bits of one element.
  public var bits: Int {
    switch self {
    case .f4: 4
    case .f6e2m3, .f6e3m2: 6
    case .bool, .u8, .i8, .f8e5m2, .f8e4m3, .f8e8m0, .f8e4m3fnuz, .f8e5m2fnuz: 8
    case .i16, .u16, .f16, .bf16: 16
    case .i32, .u32, .f32: 32
    case .c64, .f64, .i64, .u64: 64
    }
  }

  /// The type of a weight that Limequat takes over, nil for all others.
  public var weight: ElementType? {
    switch self {
    case .f32: .f32
    case .f16: .f16
    case .bf16: .bf16
    default: nil
    }
  }

  /// Bytes of `count` elements, nil when that is no whole number or does not fit.
  func bytes(of count: Int) -> Int? {
    let (total, overflow) = count.multipliedReportingOverflow(by: bits)
    return overflow || total % 8 != 0 ? nil : total / 8
  }
}
