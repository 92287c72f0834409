internal import LimequatBytes
internal import LimequatContainer

/// Reads an extent of a container from front to back and compares it with its checksum at the end.
struct ExtentReader {
  private let container: Container
  private let stored: UInt32
  private let rule: ContainerRule
  private let item: ContainerItem
  private let start: Int
  private var offset: Int
  private var crc = CRC32C()

  init(_ container: Container, tensor index: Int, _ tensor: TensorEntry) {
    self.container = container
    start = tensor.offset
    offset = start
    stored = tensor.crc32c
    rule = .tensorChecksum
    item = .tensor(index, tensor.name.text)
  }

  init(_ container: Container, bank: BankEntry, expert index: Int, _ expert: ExpertEntry) {
    self.container = container
    start = expert.offset
    offset = start
    stored = expert.crc32c
    rule = .expertChecksum
    item = .expert(index, bank: bank.name.text)
  }

  /// Fills `bytes` with what follows.
  mutating func read(into bytes: UnsafeMutableRawBufferPointer) throws(QuantizeError) {
    let place = offset
    let container = container
    try source { () throws(ContainerError) in try container.read(offset: place, into: bytes) }
    crc.update(UnsafeRawBufferPointer(bytes))
    offset += bytes.count
  }

  /// All must have been read.
  func check() throws(QuantizeError) {
    guard crc.value == stored else {
      throw .source(.rule(rule, item, .checksum(stored: stored, computed: crc.value, offset: start)))
    }
  }
}
