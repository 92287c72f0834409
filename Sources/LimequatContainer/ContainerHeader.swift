internal import LimequatBytes

/// The first 64 bytes of a container (formats/container.md, "Header").
struct ContainerHeader {
  /// 89 4C 4D 51 0D 0A 1A 0A, read as a little-endian number. As in PNG: a byte above 127 shows a 7-bit
  /// channel, CR LF and the last LF show text modes.
  static let magic: UInt64 = 0x0A1A_0A0D_514D_4C89

  var major = ContainerLimits.majorVersion
  var minor = ContainerLimits.minorVersion
  var fileSize: Int
  var manifestOffset: Int
  var manifestSize: Int
  var manifestCRC: UInt32

  /// The numbers as they lie in the file.
  private struct Fields {
    var magic: UInt64
    var major, minor: UInt16
    var flags: UInt32
    var fileSize, manifestOffset, manifestSize: UInt64
    var manifestCRC: UInt32
    var reserved: UnsafeRawBufferPointer
    var headerCRC: UInt32

    init(_ reader: inout ByteReader) throws(BytesError) {
      magic = try reader.read()
      major = try reader.read()
      minor = try reader.read()
      flags = try reader.read()
      fileSize = try reader.read()
      manifestOffset = try reader.read()
      manifestSize = try reader.read()
      manifestCRC = try reader.read()
      reserved = try reader.take(16)
      headerCRC = try reader.read()
    }
  }

  /// Checks C02 to C07 for a file of `actualSize` bytes. `bytes` are its first 64.
  static func decode(
    _ bytes: UnsafeRawBufferPointer, actualSize: Int
  ) throws(ContainerError) -> ContainerHeader {
    var reader = ByteReader(bytes)
    let fields = try withBytes { () throws(BytesError) in try Fields(&reader) }
    func check(_ condition: Bool, _ rule: ContainerRule, _ finding: ContainerFinding) throws(ContainerError) {
      guard condition else { throw .rule(rule, .header, finding) }
    }
    try check(fields.magic == magic, .magic, .text("the file does not begin like a .lmq container"))
    let computed = CRC32C.of(UnsafeRawBufferPointer(rebasing: bytes[..<60]))
    try check(
      computed == fields.headerCRC, .headerChecksum,
      .checksum(stored: fields.headerCRC, computed: computed, offset: 0))
    try check(
      fields.major == ContainerLimits.majorVersion, .majorVersion,
      .mismatch(
        field: "major version", found: UInt64(fields.major), expected: UInt64(ContainerLimits.majorVersion)))
    try check(fields.flags == 0, .reservedBytes, .text("bytes 12 to 15 are not zero"))
    for byte in fields.reserved {
      try check(byte == 0, .reservedBytes, .text("bytes 44 to 59 are not zero"))
    }
    try check(
      fields.fileSize == UInt64(actualSize), .fileSize,
      .mismatch(field: "file size", found: UInt64(actualSize), expected: fields.fileSize))
    let alignment = ContainerLimits.manifestAlignment
    try check(
      fields.manifestOffset % UInt64(alignment) == 0, .manifestPlace,
      .misaligned(offset: fields.manifestOffset, alignment: alignment))
    try check(
      fields.manifestSize <= ContainerLimits.manifestBytes, .manifestPlace,
      .range(
        field: "manifest size", found: fields.manifestSize, minimum: 0,
        maximum: UInt64(ContainerLimits.manifestBytes)))
    guard let offset = Int(exactly: fields.manifestOffset), let size = Int(exactly: fields.manifestSize),
      offset >= ContainerLimits.headerSize, offset <= actualSize, size <= actualSize - offset
    else {
      throw .rule(
        .manifestPlace, .header,
        .extent(
          offset: fields.manifestOffset, size: fields.manifestSize, begin: ContainerLimits.headerSize,
          end: actualSize))
    }
    return ContainerHeader(
      major: fields.major, minor: fields.minor, fileSize: actualSize, manifestOffset: offset,
      manifestSize: size, manifestCRC: fields.manifestCRC)
  }

  /// The 64 bytes. The inverse is ``decode(_:actualSize:)``.
  func encode() throws(ContainerError) -> Buffer {
    var writer = ByteWriter()
    writer.write(Self.magic)
    writer.write(major)
    writer.write(minor)
    writer.write(UInt32(0))
    writer.write(UInt64(fileSize))
    writer.write(UInt64(manifestOffset))
    writer.write(UInt64(manifestSize))
    writer.write(manifestCRC)
    writer.write(UInt64(0))
    writer.write(UInt64(0))
    let checksum = writer.bytes.withUnsafeBytes { CRC32C.of($0) }
    writer.write(checksum)
    let buffer = try withBytes { () throws(BytesError) in try Buffer(size: writer.bytes.count) }
    writer.bytes.withUnsafeBytes { buffer.bytes.copyMemory(from: $0) }
    return buffer
  }
}
