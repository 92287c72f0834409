internal import LimequatTensor

extension TensorPlan {
  /// Writes the elements from `start` on, as many as `bytes` holds, little-endian, with all processors.
  /// `start` is even.
  func fill(_ bytes: UnsafeMutableRawBufferPointer, from start: Int, stream: NormalStream) {
    let total = bytes.count / type.size
    let pieces = (total + TensorPlan.piece - 1) / TensorPlan.piece
    // The pieces do not overlap.
    nonisolated(unsafe) let bytes = bytes
    Pieces.forEach(pieces) { piece in
      let range = (piece * TensorPlan.piece)..<min(total, (piece + 1) * TensorPlan.piece)
      fill(bytes, range, from: start, stream: stream)
    }
  }

  /// Elements that a thread makes at a time; even.
  private static let piece = 1 << 16

  private func fill(
    _ bytes: UnsafeMutableRawBufferPointer, _ range: Range<Int>, from start: Int, stream: NormalStream
  ) {
    var place = range.lowerBound
    while place < range.upperBound {
      let (first, second) = stream.pair((start + place) / 2)
      store(first, bytes, place)
      if place + 1 < range.upperBound { store(second, bytes, place + 1) }
      place += 2
    }
  }

  private func store(_ normal: Double, _ bytes: UnsafeMutableRawBufferPointer, _ place: Int) {
    let value = Float(mean + deviation * normal)
    if type == .bf16 {
      bytes.storeBytes(of: BFloat16.round(value).littleEndian, toByteOffset: place * 2, as: UInt16.self)
    } else {
      bytes.storeBytes(of: value.bitPattern.littleEndian, toByteOffset: place * 4, as: UInt32.self)
    }
  }
}
