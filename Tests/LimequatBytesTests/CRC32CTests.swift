import LimequatBytes
import Testing

@Suite struct CRC32CTests {
  func crc(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { CRC32C.of($0) } }

  /// Check value of the CRC catalogue, and RFC 3720 appendix B.4.
  @Test func knownAnswers() {
    #expect(crc(Array("123456789".utf8)) == 0xE306_9283)
    #expect(crc([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(crc([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(crc((0..<32).map { UInt8($0) }) == 0x46DD_794E)
    #expect(crc([]) == 0)
  }

  /// Cutting the input anywhere changes nothing: blocks of 6144 bytes, of 3072, words and bytes agree.
  @Test(arguments: [1, 7, 8, 100, 3071, 3072, 3073, 5000, 6143, 6144, 6145, 9215, 9216, 12_288, 18_432])
  func piecewiseEqualsWhole(cut: Int) {
    let bytes = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
    var pieces = CRC32C()
    bytes[..<cut].withUnsafeBytes { pieces.update($0) }
    bytes[cut...].withUnsafeBytes { pieces.update($0) }
    var single = CRC32C()
    for byte in bytes { withUnsafeBytes(of: byte) { single.update($0) } }
    #expect(pieces.value == crc(bytes))
    #expect(single.value == crc(bytes))
  }

  /// Parts in any order, each past what follows it.
  @Test(arguments: [[0], [1], [7, 8], [3072, 3080, 9216], [0, 0, 19_999], [20_000]])
  func sharesMakeTheWhole(cuts: [Int]) {
    let bytes = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
    var shares: UInt32 = 0
    for (start, end) in zip([0] + cuts, cuts + [bytes.count]).reversed() {
      var part = CRC32C.ofPart
      bytes[start..<end].withUnsafeBytes { part.update($0) }
      shares ^= part.share(following: bytes.count - end)
    }
    #expect(CRC32C.whole(ofShares: shares, size: bytes.count) == crc(bytes))
  }
}
