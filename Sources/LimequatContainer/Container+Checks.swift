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
    var crc = CRC32C()
    if let bytes = bytes(offset: extent.offset, size: extent.end - extent.offset) {
      crc.update(bytes)
    } else {
      let buffer = try withBytes { () throws(BytesError) in try Buffer(size: 1 << 18) }
      var offset = extent.offset
      while offset < extent.end {
        let count = min(buffer.size, extent.end - offset)
        let chunk = UnsafeMutableRawBufferPointer(start: buffer.start, count: count)
        try read(offset: offset, into: chunk)
        crc.update(UnsafeRawBufferPointer(chunk))
        offset += count
      }
    }
    guard crc.value == stored else {
      throw .rule(rule, item(extent.owner), .checksum(stored: stored, computed: crc.value))
    }
  }

  public func verify() throws(ContainerError) {
    for index in 0..<tensorCount { try checkTensor(at: index) }
    for bank in 0..<bankCount {
      for index in 0..<(self.bank(at: bank)?.expertCount ?? 0) { try checkExpert(bank: bank, index: index) }
    }
  }
}
