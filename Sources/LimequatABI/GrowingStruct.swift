// swift-format-ignore-file: AlwaysUseLowerCamelCase
internal import LimequatBytes
internal import CLimequat
internal import Limequat

/// A struct of limequat.h that begins with `struct_size`, a size_t. Programs may have been compiled with an
/// older header, whose struct ends earlier, or with a newer one, whose struct goes on.
protocol GrowingStruct {
  /// Its size in the first header that had it.
  static var firstSize: Int { get }
  /// All 0.
  init()
}

// At ABI version 1 no struct has grown: the size of now is the first one.
extension lmq_options: GrowingStruct { static var firstSize: Int { MemoryLayout<lmq_options>.size } }
extension lmq_session_options: GrowingStruct {
  static var firstSize: Int { MemoryLayout<lmq_session_options>.size }
}
extension lmq_model_facts: GrowingStruct { static var firstSize: Int { MemoryLayout<lmq_model_facts>.size } }
extension lmq_signature_facts: GrowingStruct {
  static var firstSize: Int { MemoryLayout<lmq_signature_facts>.size }
}
extension lmq_tensor_facts: GrowingStruct {
  static var firstSize: Int { MemoryLayout<lmq_tensor_facts>.size }
}
extension lmq_routing: GrowingStruct { static var firstSize: Int { MemoryLayout<lmq_routing>.size } }
extension lmq_session_counters: GrowingStruct {
  static var firstSize: Int { MemoryLayout<lmq_session_counters>.size }
}
extension lmq_model_counters: GrowingStruct {
  static var firstSize: Int { MemoryLayout<lmq_model_counters>.size }
}

/// No struct will ever be longer: a greater number was never set.
private let largestSize = 4096

/// The caller's size of a struct, when it can be one.
@inline(never)
private func callerSize(
  _ start: UnsafeRawPointer, firstSize: Int, _ name: StaticString
) throws(CallError) -> Int {
  try checkAlignment(start, MemoryLayout<Int>.alignment, name)
  let size = start.load(as: UInt.self)
  guard size >= UInt(firstSize), size <= UInt(largestSize) else {
    throw .argument(
      "\(name): struct_size is \(size), expected at least \(firstSize): set the struct with its INIT macro")
  }
  return Int(size)  // at most 4096
}

extension GrowingStruct {
  /// What the caller wrote. Fields that an older header does not have are 0; those of a newer one must be 0,
  /// for this library could not do what they ask for.
  static func read(_ start: UnsafeRawPointer, _ name: StaticString) throws(CallError) -> Self {
    var result = Self()
    try withUnsafeMutableBytes(of: &result) { (room) throws(CallError) in
      try readBytes(start, into: room, firstSize: firstSize, name)
    }
    return result
  }

  /// Writes as much as the caller's struct has room for; what this library does not know becomes 0.
  func write(to start: UnsafeMutableRawPointer, _ name: StaticString) throws(CallError) {
    var copy = self
    try withUnsafeMutableBytes(of: &copy) { (bytes) throws(CallError) in
      try writeBytes(bytes, to: start, firstSize: Self.firstSize, name)
    }
  }
}

// The same for all structs, once.

@inline(never)
private func readBytes(
  _ start: UnsafeRawPointer, into room: UnsafeMutableRawBufferPointer, firstSize: Int, _ name: StaticString
) throws(CallError) {
  let size = try callerSize(start, firstSize: firstSize, name)
  let known = min(size, room.count)
  room.copyMemory(from: UnsafeRawBufferPointer(start: start, count: known))
  for offset in known..<size where start.load(fromByteOffset: offset, as: UInt8.self) != 0 {
    throw .limequat(
      LimequatError(.unsupported, "\(name) uses a field that this library does not know"))
  }
}

@inline(never)
private func writeBytes(
  _ bytes: UnsafeMutableRawBufferPointer, to start: UnsafeMutableRawPointer, firstSize: Int,
  _ name: StaticString
) throws(CallError) {
  let size = try callerSize(start, firstSize: firstSize, name)
  bytes.storeBytes(of: size, as: Int.self)
  let known = min(size, bytes.count)
  UnsafeMutableRawBufferPointer(start: start, count: known)
    .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<known]))
  for offset in known..<size { start.storeBytes(of: 0, toByteOffset: offset, as: UInt8.self) }
}
