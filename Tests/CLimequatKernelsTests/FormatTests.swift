import CLimequatKernels
import Foundation
import LimequatTestSupport
import Testing

/// The values of formats/numerics.md, which a program written from that page alone gives as well.
@Suite struct FormatTests {
  let kernels = Table.generic.functions

  /// The cells of the page's tables, a row each.
  func cells() throws -> [[String]] {
    let page = try String(contentsOfFile: packageRoot + "/formats/numerics.md", encoding: .utf8)
    return page.split(separator: "\n").filter { $0.hasPrefix("| ") }.map {
      $0.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    }
  }

  func hex(_ values: some Sequence<Float>) -> String {
    values.map { String(format: "%08X", $0.bitPattern) }.joined(separator: " ")
  }

  @Test func functionsGiveTheValuesOfThePage() throws {
    let functions = [
      LMQ_ACTIVATION_SIGMOID, LMQ_ACTIVATION_TANH, LMQ_ACTIVATION_GELU_ERF, LMQ_ACTIVATION_GELU_TANH,
      LMQ_ACTIVATION_QUICK_GELU,
    ]
    let rows = try cells().filter { $0.count == 6 && Float($0[0]) != nil }
    #expect(rows.count == 9)
    for row in rows {
      let x = Float(row[0]) ?? .nan
      for (function, expected) in zip(functions, row.dropFirst()) {
        var y: Float = 0
        kernels.activate([x], &y, 1, function)
        #expect(hex([y]) == expected, "\(function) of \(x)")
      }
    }
  }

  @Test func rowsGiveTheValuesOfThePage() throws {
    let x = (0..<20).map { Float($0 * $0 % 17 - 8) / 3 }
    var (softmax, normalised, codes) = (x, x, [UInt8](repeating: 0, count: 20))
    var (scale, offset) = (Float(0), Int32(0))
    kernels.softmax(&softmax, 20, 1, 20, nil)
    let (ones, tenths) = ([Float](repeating: 1, count: 20), [Float](repeating: 0.1, count: 20))
    kernels.layer_norm(x, 20, &normalised, 20, 1, 20, ones, tenths, 1e-6)
    kernels.quantize_rows(x, 20, 1, 20, &codes, 20, &scale, &offset)
    let found = [
      hex([kernels.sum(x, 20)]), hex([kernels.norm_l2(x, 20)]), hex(softmax.prefix(4)),
      hex(normalised.prefix(4)), hex([scale]), "\(offset)", codes.map(String.init).joined(separator: " "),
    ]
    let expected = try cells().filter { $0.count == 2 && $0[0] != "" }.map { $0[1] }
    #expect(Array(expected.suffix(found.count)) == found)
  }
}
