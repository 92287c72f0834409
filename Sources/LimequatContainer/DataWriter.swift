internal import LimequatBytes
internal import LimequatTensor

/// The bytes of a container under way: aligned extents, each with its checksum, behind room for the header.
final class DataWriter {
  private let file: AtomicFile
  /// Small writes are gathered here.
  private let buffer: Buffer
  private var buffered = 0
  /// Where the buffer's first byte belongs.
  private var flushed = ContainerLimits.headerSize
  /// Up to where the disk was asked to begin.
  private var handedOver = 0
  private var crc = CRC32C()
  private var written = 0
  private var expected = 0

  private static let bufferSize = 1 << 20
  /// Writes of this many bytes are large enough to go out without a copy.
  private static let directSize = 64 << 10
  private static let writebackSize = 16 << 20

  private init(file: AtomicFile, buffer: consuming Buffer) {
    self.file = file
    self.buffer = buffer
  }

  static func create(path: String) throws(ContainerError) -> DataWriter {
    let buffer = try withBytes { () throws(BytesError) in try Buffer(size: bufferSize) }
    return DataWriter(
      file: try withBytes { () throws(BytesError) in try AtomicFile.create(path: path) }, buffer: buffer)
  }

  /// Begins an extent of `size` bytes at the next aligned offset; gaps read as zeros.
  func begin(alignment: Int, size: Int, item: ContainerItem) throws(ContainerError) -> Int {
    try flush()
    guard let offset = roundUp(flushed, to: alignment), size <= Int.max - offset else {
      throw .rule(.outsideTheFile, item, .text("the file would be too large"))
    }
    flushed = offset
    crc = CRC32C()
    written = 0
    expected = size
    return offset
  }

  func write(_ bytes: UnsafeRawBufferPointer, item: ContainerItem) throws(ContainerError) {
    guard bytes.count <= expected - written else {
      throw .writing(.tooManyBytes(expected: expected), item)
    }
    crc.update(bytes)
    written += bytes.count
    if bytes.count > buffer.size - buffered || bytes.count >= Self.directSize { try flush() }
    if bytes.count >= Self.directSize {
      try append(bytes)
      return
    }
    if let source = bytes.baseAddress {
      (buffer.start + buffered).copyMemory(from: source, byteCount: bytes.count)
      buffered += bytes.count
    }
  }

  /// The checksum of the extent, which must be complete.
  func end(item: ContainerItem) throws(ContainerError) -> UInt32 {
    guard written == expected else {
      throw .writing(.size(written: written, expected: expected), item)
    }
    return crc.value
  }

  /// Writes manifest and header, checks both as a reader does, and commits.
  func finish(manifest: UnsafeRawBufferPointer) throws(ContainerError) {
    let offset = try begin(
      alignment: ContainerLimits.manifestAlignment, size: manifest.count, item: .manifest)
    try write(manifest, item: .manifest)
    let checksum = try end(item: .manifest)
    try flush()
    let end = offset + manifest.count  // checked by begin
    let header = try ContainerHeader(
      fileSize: end, manifestOffset: offset, manifestSize: manifest.count, manifestCRC: checksum
    ).encode()
    try withBytes { () throws(BytesError) in
      // An empty manifest behind a gap leaves the file too short.
      try file.resize(to: end)
      try file.write(UnsafeRawBufferPointer(header.bytes), at: 0)
    }
    let back = try withBytes { () throws(BytesError) in try file.readBack() }
    _ = try Container.open(file: back, access: .positioned)
    try withBytes { () throws(BytesError) in try file.commit() }
  }

  private func flush() throws(ContainerError) {
    guard buffered > 0 else { return }
    let bytes = UnsafeRawBufferPointer(start: buffer.start, count: buffered)
    try append(bytes)
    buffered = 0
  }

  private func append(_ bytes: UnsafeRawBufferPointer) throws(ContainerError) {
    try withBytes { () throws(BytesError) in try file.write(bytes, at: flushed) }
    flushed += bytes.count
    if flushed - handedOver >= Self.writebackSize {
      file.startWriteback(handedOver..<flushed)
      handedOver = flushed
    }
  }
}
