internal import Foundation

extension QuantizationReport {
  /// The report to be read by people: banks, changed tensors, worst rows, sizes.
  public var table: String {
    var lines: [[String]] = []
    if !banks.isEmpty {
      lines.append(["bank", "experts", "int8", "SNR dB", "lowest", "MB before", "after"])
      for bank in banks {
        let lowest = bank.experts.compactMap(\.snr).min()
        lines.append([
          bank.name, "\(bank.experts.count)", "\(bank.experts.count { $0.to == "int8" })",
          QuantizationReport.decimals(bank.snr, 2), QuantizationReport.decimals(lowest, 2),
          QuantizationReport.megabytes(bank.bytesBefore), QuantizationReport.megabytes(bank.bytesAfter),
        ])
      }
    }
    var text = QuantizationReport.aligned(lines)
    if !tensors.isEmpty {
      lines = [["tensor", "from", "to", "SNR dB", "lowest", "MB before", "after"]]
      for tensor in tensors {
        lines.append([
          tensor.name, tensor.from, tensor.to, QuantizationReport.decimals(tensor.snr, 2),
          QuantizationReport.decimals(tensor.worstRow?.snr, 2),
          QuantizationReport.megabytes(tensor.bytesBefore), QuantizationReport.megabytes(tensor.bytesAfter),
        ])
      }
      text += (text.isEmpty ? "" : "\n") + QuantizationReport.aligned(lines)
    }
    if !worstRows.isEmpty {
      lines = [["worst rows", "matrix", "row", "SNR dB"]]
      for row in worstRows {
        let name = row.tensor ?? "\(row.bank ?? "") expert \(row.expert ?? 0)"
        lines.append([name, row.matrix ?? "-", "\(row.row)", QuantizationReport.decimals(row.snr, 2)])
      }
      text += (text.isEmpty ? "" : "\n") + QuantizationReport.aligned(lines)
    }
    let zeroed =
      banks.reduce(0) { $0 + $1.experts.reduce(0) { $0 + $1.zeroedRows } }
      + tensors.reduce(0) { $0 + $1.zeroedRows }
    if zeroed > 0 { text += "\n\(zeroed) rows were too small for a scale and are now zero\n" }
    let ratio = QuantizationReport.decimals(
      bytesAfter > 0 ? Double(bytesBefore) / Double(bytesAfter) : nil, 2)
    return text + (text.isEmpty ? "" : "\n")
      + "file: \(QuantizationReport.megabytes(bytesBefore)) MB -> "
      + "\(QuantizationReport.megabytes(bytesAfter)) MB (\(ratio) : 1)\n"
  }

  /// The first column to the left, the others to the right.
  private static func aligned(_ lines: [[String]]) -> String {
    var widths: [Int] = []
    for line in lines {
      for (column, cell) in line.enumerated() {
        if column == widths.count { widths.append(0) }
        widths[column] = max(widths[column], cell.count)
      }
    }
    var text = ""
    for line in lines {
      for (column, cell) in line.enumerated() {
        let space = String(repeating: " ", count: widths[column] - cell.count)
        text += column == 0 ? cell + space : "  " + space + cell
      }
      text += "\n"
    }
    return text
  }

  private static func decimals(_ value: Double?, _ count: Int) -> String {
    value.map { String(format: "%.\(count)f", $0) } ?? "-"
  }

  private static func megabytes(_ bytes: Int) -> String { decimals(Double(bytes) / 1e6, 1) }
}
