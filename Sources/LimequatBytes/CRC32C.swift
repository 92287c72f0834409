internal import CLimequatPlatform

/// CRC-32C (Castagnoli), the checksum of the container: polynomial 0x1EDC6F41 reflected, start and end
/// inverted. `CRC32C.of("123456789") == 0xE3069283`.
public struct CRC32C: Sendable {
  private var state: UInt32 = 0xFFFF_FFFF

  public init() {}

  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress else { return }
    state = lmq_crc32c(state, start, bytes.count)
  }

  public var value: UInt32 { ~state }

  public static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var crc = CRC32C()
    crc.update(bytes)
    return crc.value
  }
}
