internal import LimequatBytes
internal import Synchronization

/// The checksum of an expert's block or of a tensor in the making: threads add the parts that they use, each
/// part once, in any order. What is added just before it is used comes from memory only once.
struct RunningChecksum: ~Copyable {
  private let shares = Atomic<UInt32>(0)
  private let end: UnsafeRawPointer
  private let size: Int

  /// Of `size` bytes, none of which is added yet.
  init(_ start: UnsafeRawPointer, _ size: Int) {
    end = start + size
    self.size = size
  }

  /// Adds `count` of the bytes.
  func add(_ part: UnsafeRawPointer, _ count: Int) {
    var checksum = CRC32C.ofPart
    checksum.update(UnsafeRawBufferPointer(start: part, count: count))
    add(checksum, until: part + count)
  }

  /// Adds bytes that end at `partEnd`.
  func add(_ part: CRC32C, until partEnd: UnsafeRawPointer) {
    shares.bitwiseXor(part.share(following: end - partEnd), ordering: .relaxed)
  }

  /// When all was added.
  var value: UInt32 { CRC32C.whole(ofShares: shares.load(ordering: .relaxed), size: size) }
}
