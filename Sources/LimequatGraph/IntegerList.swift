internal import LimequatBytes

/// A short list of i64 that lies in a graph's bytes: dims, axes, pads. Borrows them: valid while the
/// ``Graph`` lives. At most 16 entries, a rule of the format.
public struct IntegerList: @unchecked Sendable {
  private let bytes: UnsafeRawBufferPointer

  /// Little-endian i64, at any address.
  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  public var count: Int { bytes.count / 8 }

  /// 0 outside `0..<count`.
  public subscript(_ index: Int) -> Int {
    @inline(never) get {
      guard index >= 0, index < count else { return 0 }
      return Int(
        clamping: Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: index * 8, as: Int64.self)))
    }
  }
}

extension IntegerList: CustomStringConvertible {
  /// For example `[0, -1, 768]`.
  public var description: String {
    var text = "["
    for index in 0..<count {
      if index > 0 { text += ", " }
      text += "\(self[index])"
    }
    return text + "]"
  }
}
