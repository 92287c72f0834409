internal import LimequatBytes

/// Checks of the bytes of tensors and experts.
extension Container {
  /// C33: compares the bytes of a tensor with its checksum.
  public func checkTensor(at index: Int) throws(ContainerError) {
    guard let tensor = tensor(at: index) else { throw .noSuchItem(.tensor(index, "")) }
    let computed = try checksum(offset: tensor.offset, size: tensor.size)
    guard computed == tensor.crc32c else { throw damagedTensor(at: index, computed: computed) }
  }

  /// C34: compares the block of an expert with its checksum. An absent expert has none.
  public func checkExpert(bank: Int, index: Int) throws(ContainerError) {
    guard let expert = expert(bank: bank, index: index) else {
      throw .noSuchItem(.expert(index, bank: self.bank(at: bank)?.name.text ?? ""))
    }
    guard expert.encoding != nil else { return }
    let computed = try checksum(offset: expert.offset, size: expert.size)
    guard computed == expert.crc32c else { throw damagedExpert(bank: bank, index, computed: computed) }
  }

  /// CRC-32C of bytes of the file; those of a mapping are read through it.
  public func checksum(offset: Int, size: Int) throws(ContainerError) -> UInt32 {
    if let bytes = bytes(offset: offset, size: size) { return CRC32C.of(bytes) }
    var reader = try ExtentReader(source, offset: offset, end: offset + size)
    try reader.drain()
    return reader.checksum
  }

  /// What to throw for a tensor whose bytes have another checksum than the manifest states.
  public func damagedTensor(at index: Int, computed: UInt32) -> ContainerError {
    let tensor = tensor(at: index)
    return .rule(
      .tensorChecksum, item(.tensor(index)),
      .checksum(stored: tensor?.crc32c ?? 0, computed: computed, offset: tensor?.offset ?? 0))
  }

  /// The same for the block of an expert.
  public func damagedExpert(bank: Int, _ index: Int, computed: UInt32) -> ContainerError {
    let expert = expert(bank: bank, index: index)
    return .rule(
      .expertChecksum, item(.expert(bank: bank, index)),
      .checksum(stored: expert?.crc32c ?? 0, computed: computed, offset: expert?.offset ?? 0))
  }
}
