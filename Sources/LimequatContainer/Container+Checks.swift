internal import LimequatBytes

/// Checks of the bytes of tensors and experts.
extension Container {
  /// C33: compares the bytes of a tensor with its checksum.
  public func checkTensor(at index: Int) throws(ContainerError) {
    guard let tensor = tensor(at: index) else { throw .noSuchItem(.tensor(index, "")) }
    try check(
      Extent(offset: tensor.offset, end: tensor.offset + tensor.size, owner: .tensor(index)),
      against: tensor.crc32c, .tensorChecksum)
  }

  /// C34: compares the block of an expert with its checksum. An absent expert has none.
  public func checkExpert(bank: Int, index: Int) throws(ContainerError) {
    guard let expert = expert(bank: bank, index: index) else {
      throw .noSuchItem(.expert(index, bank: self.bank(at: bank)?.name.text ?? ""))
    }
    guard expert.encoding != nil else { return }
    try check(
      Extent(offset: expert.offset, end: expert.offset + expert.size, owner: .expert(bank: bank, index)),
      against: expert.crc32c, .expertChecksum)
  }

  private func check(
    _ extent: Extent, against stored: UInt32, _ rule: ContainerRule
  ) throws(ContainerError) {
    let computed: UInt32
    if let bytes = bytes(offset: extent.offset, size: extent.end - extent.offset) {
      computed = CRC32C.of(bytes)
    } else {
      var reader = try ExtentReader(source, offset: extent.offset, end: extent.end)
      try reader.drain()
      computed = reader.checksum
    }
    guard computed == stored else {
      throw .rule(
        rule, item(extent.owner), .checksum(stored: stored, computed: computed, offset: extent.offset))
    }
  }
}
