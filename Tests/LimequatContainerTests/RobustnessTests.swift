import Foundation
import LimequatBytes
import LimequatContainer
import LimequatTensor
import Testing

@Suite struct RobustnessTests {
  /// Damaged copies are read or refused: no trap, no hang, whatever they say about themselves. Half of them
  /// get checksums that fit, so that the damage is not stopped at the door.
  @Test(arguments: 0..<1000)
  func damagedFilesAreReadOrRefused(seed: Int) throws {
    var random = Random(UInt64(seed))
    let name = Vectors.valid[random.below(Vectors.valid.count)]
    var bytes = try Vectors.bytes("valid", name)
    for _ in 0..<1 + random.below(4) { damage(&bytes, &random) }
    if random.below(2) == 0 { mendChecksums(&bytes) }
    withAligned(bytes) { memory in
      do throws(ContainerError) {
        let container = try Container.open(bytes: memory)
        _ = try? dump(container)
        try container.verify()
      } catch { #expect(!error.description.isEmpty) }
    }
  }

  private func damage(_ bytes: inout [UInt8], _ random: inout Random) {
    guard !bytes.isEmpty else { return }
    // Most of a file is data; the header and the manifest at the end are more worth a blow.
    let at =
      switch random.below(3) {
      case 0: random.below(min(64, bytes.count))
      case 1: bytes.count - 1 - random.below(min(700, bytes.count))
      default: random.below(bytes.count)
      }
    switch random.below(7) {
    case 0: bytes[at] ^= 1 << UInt8(random.below(8))
    case 1: bytes[at] = UInt8(random.below(256))
    case 2: bytes[at] = [0, 1, 127, 128, 255][random.below(5)]
    case 3: bytes.removeSubrange(at..<min(at + 1 + random.below(16), bytes.count))
    case 4: bytes.insert(contentsOf: (0..<1 + random.below(16)).map { _ in UInt8(random.below(256)) }, at: at)
    case 5: bytes.removeLast(random.below(bytes.count))
    default:
      let from = random.below(bytes.count)
      for index in 0..<min(12, bytes.count - max(at, from)) { bytes[at + index] = bytes[from + index] }
    }
  }

  /// Makes file size and checksums those of what is there, where the header still says where.
  private func mendChecksums(_ bytes: inout [UInt8]) {
    guard bytes.count >= 64 else { return }
    func load(_ offset: Int) -> UInt64 {
      (0..<8).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
    }
    bytes.store(UInt64(bytes.count), at: 16)
    if let offset = Int(exactly: load(24)), offset >= 64, offset <= bytes.count {
      bytes.store(UInt64(bytes.count - offset), at: 32)
      bytes.store(bytes[offset...].withUnsafeBytes { CRC32C.of($0) }, at: 40)
    }
    bytes.store(bytes[..<60].withUnsafeBytes { CRC32C.of($0) }, at: 60)
  }

  /// A manifest of empty messages, which take dozens of times their size, meets the limit on memory.
  @Test func amplificationIsRefused() {
    let manifest = (0..<400_000).flatMap { _ in [0x2A, 0] as [UInt8] }
    withAligned(handmadeHeader(manifest: manifest, at: 64) + manifest) { memory in
      let error = #expect(throws: ContainerError.self) { try Container.open(bytes: memory) }
      #expect(error?.rule == .limits)
    }
  }

  @Test func misalignedMemoryIsRefused() throws {
    let bytes = try Vectors.bytes("valid", "minimal.lmq")
    withAligned([0] + bytes) { memory in
      let error = #expect(throws: ContainerError.self) {
        try Container.open(bytes: UnsafeRawBufferPointer(rebasing: memory[1...]))
      }
      guard case .misalignedMemory = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }

  @Test func whatIsNotAFileIsRefused() {
    for path in ["/", "/dev/null", "/nowhere/at/all", "a\0b"] {
      let error = #expect(throws: ContainerError.self) { try Container.open(path: path) }
      #expect(error?.rule == nil)
    }
  }
}

/// SplitMix64: the same numbers on each run.
struct Random {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

  mutating func below(_ limit: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return Int((z ^ z >> 31) % UInt64(max(limit, 1)))
  }
}
