internal import CLimequatPlatform

/// CRC-32C (Castagnoli), the checksum of the container: polynomial 0x1EDC6F41 reflected, start and end
/// inverted. `CRC32C.of("123456789") == 0xE3069283`.
public struct CRC32C: Sendable {
  private static let start: UInt32 = 0xFFFF_FFFF
  private var state: UInt32

  private init(_ state: UInt32) { self.state = state }
  public init() { self.init(CRC32C.start) }

  /// Of a part of a whole, for ``share(following:)``.
  public static var ofPart: CRC32C { CRC32C(0) }

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

  /// What a part adds to the checksum of a whole when `following` bytes come behind it. The shares of all
  /// parts are joined by exclusive or, in any order, and make ``whole(ofShares:size:)``.
  public func share(following: Int) -> UInt32 { lmq_crc32c_past(state, following) }

  /// The checksum of `size` bytes, all of which are in the shares.
  public static func whole(ofShares shares: UInt32, size: Int) -> UInt32 {
    ~(shares ^ lmq_crc32c_past(start, size))
  }
}
