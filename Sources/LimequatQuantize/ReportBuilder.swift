internal import LimequatContainer
internal import LimequatTensor

/// Gathers the report while parts are written.
struct ReportBuilder {
  var report: QuantizationReport
  /// Of the bank that was begun last.
  private var signal = 0.0
  private var noise = 0.0

  init(_ options: QuantizationOptions) { report = QuantizationReport(options) }

  mutating func add(_ tensor: TensorEntry, _ name: String, _ type: ElementType, _ quality: RowQuality?) {
    var entry = QuantizationReport.Tensor(name: name, from: "\(tensor.type)", to: "\(type)")
    entry.bytesBefore = tensor.size
    entry.bytesAfter = storedSize(type: type, layout: tensor.layout, shape: tensor.shape) ?? 0
    if let quality {
      entry.snr = quality.snr
      entry.zeroedRows = quality.zeroedRows
      let rows = quality.worstRows { QuantizationReport.Row(tensor: name, row: $0, snr: $1) }
      entry.worstRow = rows.first
      consider(rows)
    }
    report.tensors.append(entry)
  }

  mutating func beginBank(_ name: String) {
    report.banks.append(QuantizationReport.Bank(name: name))
    signal = 0
    noise = 0
  }

  /// Adds an expert of the bank; `matrices` are those that were quantised.
  mutating func add(_ expert: QuantizationReport.Expert, _ matrices: [(name: String, rows: MatrixRows)]) {
    guard let bank = report.banks.indices.last else { return }
    var entry = expert
    var expertSignal = 0.0
    var expertNoise = 0.0
    for (matrix, rows) in matrices {
      let quality = rows.quality
      expertSignal += quality.signal
      expertNoise += quality.noise
      entry.zeroedRows += quality.zeroedRows
      let bankName = report.banks[bank].name
      let worst = quality.worstRows {
        QuantizationReport.Row(bank: bankName, expert: expert.index, matrix: matrix, row: $0, snr: $1)
      }
      if let first = worst.first, first.snr < entry.worstRow?.snr ?? .infinity { entry.worstRow = first }
      consider(worst)
    }
    entry.snr = decibels(signal: expertSignal, noise: expertNoise)
    signal += expertSignal
    noise += expertNoise
    report.banks[bank].bytesBefore += entry.bytesBefore
    report.banks[bank].bytesAfter += entry.bytesAfter
    report.banks[bank].snr = decibels(signal: signal, noise: noise)
    report.banks[bank].experts.append(entry)
  }

  /// Keeps the worst rows of all; of equals those that came first.
  private mutating func consider(_ rows: [QuantizationReport.Row]) {
    guard let first = rows.first,
      report.worstRows.count < RowQuality.worstCount
        || first.snr < report.worstRows[RowQuality.worstCount - 1].snr
    else { return }
    report.worstRows = Array(
      (report.worstRows + rows).sorted { $0.snr < $1.snr }.prefix(RowQuality.worstCount))
  }
}
