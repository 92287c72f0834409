internal import LimequatBytes

/// What is gathered of the rows of one matrix or table while it is quantised, in their order.
final class MatrixRows {
  private var scales: Table<Float>
  private var sums: Table<Int32>
  private(set) var quality = RowQuality()

  private init(scales: consuming Table<Float>, sums: consuming Table<Int32>) {
    self.scales = scales
    self.sums = sums
  }

  /// For `count` rows, padding included.
  static func make(_ count: Int) throws(QuantizeError) -> MatrixRows {
    MatrixRows(
      scales: try memory { () throws(BytesError) in try Table(capacity: count) },
      sums: try memory { () throws(BytesError) in try Table(capacity: count) })
  }

  /// Takes the `stored` next rows from a slot; those from `real` on are padding.
  func append(_ slot: Slot, stored: Int, real: Int) {
    for index in 0..<stored {
      scales.append(slot.scales[index])
      sums.append(slot.sums[index])
      if index < real {
        quality.append(signal: slot.signal[index], noise: slot.noise[index], scale: slot.scales[index])
      }
    }
  }

  func withScales(_ body: (UnsafeRawBufferPointer) throws(QuantizeError) -> Void) throws(QuantizeError) {
    try scales.withElements { (all) throws(QuantizeError) in try body(UnsafeRawBufferPointer(all)) }
  }

  func withSums(_ body: (UnsafeRawBufferPointer) throws(QuantizeError) -> Void) throws(QuantizeError) {
    try sums.withElements { (all) throws(QuantizeError) in try body(UnsafeRawBufferPointer(all)) }
  }
}

/// Errors of rows: all together, and of the worst.
struct RowQuality {
  private(set) var signal = 0.0
  private(set) var noise = 0.0
  private(set) var zeroedRows = 0
  private var rowCount = 0
  /// The rows of largest noise to signal, the largest first; of equals the first.
  private var worst: [(row: Int, ratio: Double)] = []
  static let worstCount = 16

  mutating func append(signal: Double, noise: Double, scale: Float) {
    self.signal += signal
    self.noise += noise
    if scale == 0, signal > 0 { zeroedRows += 1 }
    let ratio = signal > 0 ? noise / signal : 0
    if ratio > 0, worst.count < RowQuality.worstCount || ratio > worst[worst.count - 1].ratio {
      if worst.count == RowQuality.worstCount { worst.removeLast() }
      let place = worst.firstIndex { $0.ratio < ratio } ?? worst.count
      worst.insert((rowCount, ratio), at: place)
    }
    rowCount += 1
  }

  func worstRows(_ make: (_ row: Int, _ snr: Double) -> QuantizationReport.Row) -> [QuantizationReport.Row] {
    worst.map { make($0.row, decibels(signal: 1, noise: $0.ratio) ?? .infinity) }
  }

  var snr: Double? { decibels(signal: signal, noise: noise) }
}
