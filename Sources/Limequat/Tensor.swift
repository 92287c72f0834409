internal import LimequatTensor

/// A tensor by value: elements in row-major order.
public struct Tensor: Sendable, Equatable {
  /// Outermost first.
  public var dims: [Int]
  public var values: Values

  public init(dims: [Int], values: Values) {
    self.dims = dims
    self.values = values
  }

  /// The elements, by their type.
  public enum Values: Sendable, Equatable {
    case f32([Float])
    case i32([Int32])
    case i64([Int64])
    case u8([UInt8])
    /// 0 or 1.
    case bool([UInt8])
  }
}

extension Tensor.Values {
  var type: ElementType {
    switch self {
    case .f32: .f32
    case .i32: .i32
    case .i64: .i64
    case .u8: .u8
    case .bool: .bool
    }
  }

  /// In bytes.
  var size: Int {
    switch self {
    case .f32(let values): values.count * 4
    case .i32(let values): values.count * 4
    case .i64(let values): values.count * 8
    case .u8(let values), .bool(let values): values.count
    }
  }

  func copy(to destination: UnsafeMutableRawBufferPointer) {
    switch self {
    case .f32(let values): values.withUnsafeBytes { destination.copyMemory(from: $0) }
    case .i32(let values): values.withUnsafeBytes { destination.copyMemory(from: $0) }
    case .i64(let values): values.withUnsafeBytes { destination.copyMemory(from: $0) }
    case .u8(let values), .bool(let values): values.withUnsafeBytes { destination.copyMemory(from: $0) }
    }
  }

  /// The elements of memory that holds nothing else.
  init(_ type: ElementType, _ bytes: UnsafeRawBufferPointer) {
    switch type {
    case .i32: self = .i32(Array(bytes.bindMemory(to: Int32.self)))
    case .i64: self = .i64(Array(bytes.bindMemory(to: Int64.self)))
    case .bool: self = .bool(Array(bytes))
    case .u8, .int8: self = .u8(Array(bytes))
    // No input or output is f16 or bf16: those are ways to store weights.
    case .f32, .f16, .bf16: self = .f32(Array(bytes.bindMemory(to: Float.self)))
    }
  }
}
