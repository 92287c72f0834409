internal import CLimequatSchema
internal import CProtobufC
internal import LimequatBytes
internal import LimequatProtobuf

/// The unpacked manifest: storage of all entries.
typealias Manifest = UnpackedMessage<Limequat__Manifest>

extension UnpackedMessage where Root == Limequat__Manifest {
  /// Checks C08 and C09, then unpacks.
  static func decode(
    _ bytes: UnsafeRawBufferPointer, header: ContainerHeader
  ) throws(ContainerError) -> Manifest {
    let crc = header.manifestCRC
    let computed = CRC32C.of(bytes)
    guard computed == crc else {
      throw .rule(
        .manifestChecksum, .manifest,
        .checksum(stored: crc, computed: computed, offset: header.manifestOffset))
    }
    var model = Limequat__Manifest()
    limequat__manifest__init(&model)
    do throws(ProtobufError) {
      return try unpack(
        bytes, descriptor: model.base.descriptor, maximumDepth: ContainerLimits.messageDepth,
        memoryLimit: ContainerLimits.unpackedBytes(manifest: bytes.count))
    } catch {
      switch error {
      case .memory(let error): throw .bytes(error)
      case .malformed, .tooDeep: throw .rule(.manifestWireForm, .manifest, .text(error.description))
      case .tooLarge: throw .rule(.limits, .manifest, .text(error.description))
      }
    }
  }
}

extension Name {
  /// A string of an unpacked message, which libprotobuf-c never leaves nil.
  init(field: UnsafeMutablePointer<CChar>?) {
    if let field { self.init(UnsafePointer(field)) } else { self.init("") }
  }
}
