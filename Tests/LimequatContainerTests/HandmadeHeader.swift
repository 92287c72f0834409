import LimequatBytes

/// The header of a file that ends with this manifest at this offset, after the table of formats/container.md.
func handmadeHeader(manifest: [UInt8], at offset: Int) -> [UInt8] {
  var header = [UInt8](repeating: 0, count: 64)
  header.store(0x0A1A_0A0D_514D_4C89 as UInt64, at: 0)
  header.store(1 as UInt16, at: 8)
  header.store(UInt64(offset + manifest.count), at: 16)
  header.store(UInt64(offset), at: 24)
  header.store(UInt64(manifest.count), at: 32)
  header.store(manifest.withUnsafeBytes { CRC32C.of($0) }, at: 40)
  header.store(header[..<60].withUnsafeBytes { CRC32C.of($0) }, at: 60)
  return header
}

extension [UInt8] {
  /// Little-endian.
  mutating func store<Number: FixedWidthInteger>(_ value: Number, at offset: Int) {
    for index in 0..<MemoryLayout<Number>.size {
      self[offset + index] = UInt8(truncatingIfNeeded: value >> Number(8 * index))
    }
  }
}
