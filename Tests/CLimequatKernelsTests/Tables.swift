import CLimequatKernels

/// A table of kernels by name, for arguments of tests.
struct Table: Sendable, CustomStringConvertible {
  let name: String
  var functions: lmq_kernels { lmq_kernels_find(name)!.pointee }
  var description: String { name }

  /// All that run on this processor, fastest first; the last is `generic`.
  static let all: [Table] = {
    var tables: [Table] = []
    while let name = lmq_kernels_name(tables.count) { tables.append(Table(name: String(cString: name))) }
    return tables
  }()
  /// All but `generic`.
  static let fast = all.filter { $0.name != "generic" }
  static let generic = Table(name: "generic")

  /// What the table wants to know of panels of codes.
  func limits(_ panels: UnsafeRawPointer, k: Int, n: Int) -> [Int32] {
    guard functions.limit_int8 != nil else { return [] }
    var limits = [Int32](repeating: -1, count: lmq_limit_count(k))
    limits.withUnsafeMutableBufferPointer { functions.limit_int8(panels, k, n, $0.baseAddress) }
    return limits
  }
}

/// Reproducible values.
struct Random {
  var state: UInt64

  init(_ seed: Int) {
    state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678_9ABC_DEF1
  }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state &* 0x2545_F491_4F6C_DD1D
  }
  mutating func below(_ bound: Int) -> Int { Int(next() >> 33) % bound }
  /// Even in [-scale, scale).
  mutating func value(_ scale: Float = 1) -> Float { (Float(next() >> 40) * 0x1p-23 - 1) * scale }
  mutating func values(_ count: Int, _ scale: Float = 1) -> [Float] { (0..<count).map { _ in value(scale) } }
  /// Any finite f32: all exponents are equally likely, those of denormals among them.
  mutating func anyFinite() -> Float {
    while true {
      let value = Float(bitPattern: UInt32(truncatingIfNeeded: next() >> 32))
      if value.isFinite { return value }
    }
  }
}

/// How far a value is from the exact one, in units of the exact one's last place.
func ulps(_ value: Float, _ exact: Double) -> Double {
  if Double(value) == exact { return 0 }
  let unit = max(Double(Float(exact).ulp), Double(Float.leastNonzeroMagnitude))
  return abs(Double(value) - exact) / unit
}
