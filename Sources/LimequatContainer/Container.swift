internal import CLimequatSchema
public import LimequatBytes
internal import LimequatProtobuf
internal import LimequatTensor

/// An open `.lmq` file (formats/container.md). Immutable and safe to use from several threads.
///
/// Opening reads the header and the manifest and checks rules C01 to C32; the bytes of tensors and experts
/// are looked at when they are asked for. Entries and their names are valid while the container lives.
public final class Container: @unchecked Sendable {
  public enum Access: Sendable {
    /// The whole file is mapped; ``bytes(offset:size:)`` gives it in place.
    case mapped
    /// Bytes are read where they are wanted; nothing is mapped.
    case positioned
  }

  let source: ContainerSource
  let header: ContainerHeader
  let manifest: Manifest
  var root: Limequat__Manifest { manifest.root.pointee }

  private init(source: ContainerSource, header: ContainerHeader, manifest: Manifest) {
    self.source = source
    self.header = header
    self.manifest = manifest
  }

  public static func open(path: String, access: Access = .mapped) throws(ContainerError) -> Container {
    try open(file: try withBytes { () throws(BytesError) in try File.open(path: path) }, access: access)
  }

  public static func open(file: File, access: Access) throws(ContainerError) -> Container {
    switch access {
    case .positioned: return try open(.file(file))
    case .mapped:
      // Header and manifest first: what they refuse is never mapped.
      let read = try open(.file(file))
      let map = try withBytes { () throws(BytesError) in try file.map() }
      guard map.bytes.count == read.fileSize else {
        throw .bytes(.shortRead(offset: 0, wanted: read.fileSize, got: map.bytes.count))
      }
      return Container(source: .mapped(file, map), header: read.header, manifest: read.manifest)
    }
  }

  /// A container in memory that the caller keeps while the container lives. It begins at a multiple of 64.
  public static func open(bytes: UnsafeRawBufferPointer) throws(ContainerError) -> Container {
    guard UInt(bitPattern: bytes.baseAddress) % UInt(ContainerLimits.tensorAlignment) == 0 else {
      throw .misalignedMemory
    }
    return try open(.memory(bytes))
  }

  private static func open(_ source: ContainerSource) throws(ContainerError) -> Container {
    guard source.size >= ContainerLimits.headerSize else {
      throw .rule(
        .headerSize, .header,
        .mismatch(
          field: "file size", found: UInt64(source.size), expected: UInt64(ContainerLimits.headerSize)))
    }
    let start = try withBytes { () throws(BytesError) in try Buffer(size: ContainerLimits.headerSize) }
    try source.read(offset: 0, into: start.bytes)
    let header = try ContainerHeader.decode(UnsafeRawBufferPointer(start.bytes), actualSize: source.size)
    let packed = try withBytes { () throws(BytesError) in try Buffer(size: header.manifestSize) }
    try source.read(offset: header.manifestOffset, into: packed.bytes)
    let manifest = try Manifest.decode(UnsafeRawBufferPointer(packed.bytes), header: header)
    let container = Container(source: source, header: header, manifest: manifest)
    try ManifestRules(manifest: manifest.root).check()
    try container.checkTokenizers()
    _ = try container.sortedExtents()
    return container
  }

  /// In bytes.
  public var fileSize: Int { header.fileSize }
  /// Of the format. A newer minor version is readable: fields that this one does not know are skipped.
  public var version: (major: UInt16, minor: UInt16) { (header.major, header.minor) }
  /// Where the manifest lies.
  public var manifestRange: Range<Int> {
    header.manifestOffset..<header.manifestOffset + header.manifestSize  // C07: inside the file
  }

  /// Bytes are used where they are: the file is mapped, or it is in memory.
  public var isInPlace: Bool { source.bytes != nil }

  /// The bytes in place; nil with positioned access and outside the file.
  public func bytes(offset: Int, size: Int) -> UnsafeRawBufferPointer? {
    guard let whole = source.bytes, offset >= 0, size >= 0, offset <= whole.count,
      size <= whole.count - offset
    else { return nil }
    return UnsafeRawBufferPointer(rebasing: whole[offset..<offset + size])
  }

  /// Says that bytes will be read soon, so that the system may begin to.
  public func expectRead(offset: Int, size: Int) {
    if case .file(let file) = source { file.expectRead(at: offset, size: size) }
  }

  /// Copies bytes from `offset`, with any access.
  public func read(
    offset: Int, into destination: UnsafeMutableRawBufferPointer
  ) throws(ContainerError) { try source.read(offset: offset, into: destination) }
}

/// Where the bytes of a container come from.
enum ContainerSource {
  case file(File)
  /// The file stays open: reads through it give errors where the mapping would raise signals.
  case mapped(File, MappedFile)
  case memory(UnsafeRawBufferPointer)

  var size: Int {
    switch self {
    case .file(let file), .mapped(let file, _): file.size
    case .memory(let bytes): bytes.count
    }
  }

  var bytes: UnsafeRawBufferPointer? {
    switch self {
    case .file: nil
    case .mapped(_, let map): map.bytes
    case .memory(let bytes): bytes
    }
  }

  func read(offset: Int, into destination: UnsafeMutableRawBufferPointer) throws(ContainerError) {
    switch self {
    case .file(let file), .mapped(let file, _):
      try withBytes { () throws(BytesError) in try file.read(at: offset, into: destination) }
    case .memory(let bytes):
      guard offset >= 0, offset <= bytes.count, destination.count <= bytes.count - offset else {
        throw .bytes(.outOfBounds(offset: offset, wanted: destination.count, size: bytes.count))
      }
      destination.copyMemory(
        from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + destination.count]))
    }
  }
}
