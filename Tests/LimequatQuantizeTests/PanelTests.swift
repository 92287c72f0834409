import CLimequatQuantize
import LimequatBytes
import LimequatTensor
import LimequatTestSupport
import Testing

/// The inner loops, with every instruction set that runs here, against formats/quantization.md in numpy.
@Suite struct PanelTests {
  @Test func fixturesAreThere() { #expect(Matrix.all.count == 8) }

  @Test(arguments: Matrix.all, [true, false])
  func codesScalesAndSumsAreThoseOfThePage(matrix: Matrix, isBaseline: Bool) throws {
    let panels = (matrix.outputs + 31) / 32
    let groups = (matrix.inputs + 3) / 4
    let values = try Buffer(size: panels * matrix.inputs * 128)
    values.bytes.copyBytes(from: matrix.stored(.f32))
    let codes = try Buffer(size: panels * groups * 128)
    let rows = try PanelRows(panels * 32)
    for panel in 0..<panels {
      let weights = values.start.assumingMemoryBound(to: Float.self) + panel * matrix.inputs * 32
      let target = codes.start.assumingMemoryBound(to: Int8.self) + panel * groups * 128
      let bad =
        isBaseline
        ? lmq_quantize_panel_baseline(weights, matrix.inputs, target, rows.from(panel * 32))
        : lmq_quantize_panel(weights, matrix.inputs, target, rows.from(panel * 32))
      #expect(bad == -1)
    }
    let expected = matrix.panels
    #expect(Array(codes.bytes) == Array(expected.prefix(codes.size)))
    #expect(Array(rows.scales.bytes) == Array(expected.dropFirst(codes.size).prefix(panels * 128)))
    #expect(Array(rows.sums.bytes) == Array(expected.suffix(panels * 128)))
    let scales = rows.scales.bytes.bindMemory(to: Float.self)
    let signal = rows.signal.bytes.bindMemory(to: Double.self)
    let noise = rows.noise.bytes.bindMemory(to: Double.self)
    for row in 0..<matrix.outputs {
      // The noise is that of the codes, and not above that of the scale by the maximum.
      var error = 0.0
      var errorByMaximum = 0.0
      let weights = (0..<matrix.inputs).map { Double(matrix.weights[$0 * matrix.outputs + row]) }
      let step = (weights.map(abs).max() ?? 0) / 127
      for (input, weight) in weights.enumerated() {
        let place = ((row / 32 * groups + input / 4) * 32 + row % 32) * 4 + input % 4
        let code = codes.bytes.load(fromByteOffset: place, as: Int8.self)
        error += (weight - Double(code) * Double(scales[row])) * (weight - Double(code) * Double(scales[row]))
        let plain = step > 0 ? (weight / step).rounded(.toNearestOrEven) * step : 0
        errorByMaximum += (weight - plain) * (weight - plain)
      }
      #expect(error == noise[row])
      // Neither zeroed nor held down so that 127 of it stay finite.
      if scales[row] > 0, scales[row] < 0x1.020406p+121 {
        #expect(error <= errorByMaximum * (1 + 1e-6) + signal[row] * 1e-14)
      }
    }
  }

  @Test(arguments: [0, 1, 5, 31])
  func theFirstElementThatIsNotFiniteIsNamed(lane: Int) throws {
    var values = [Float](repeating: 1, count: 7 * 32)
    values[5 * 32 + lane] = .nan
    values[6 * 32 + 2] = -.infinity
    var codes = [Int8](repeating: 0, count: 8 * 32)
    let rows = try PanelRows(32)
    #expect(lmq_quantize_panel(values, 7, &codes, rows.from(0)) == 5 * 32 + lane)
  }
}

/// What the C function tells of rows.
private final class PanelRows {
  let scales: Buffer
  let sums: Buffer
  let signal: Buffer
  let noise: Buffer

  init(_ count: Int) throws {
    scales = try Buffer(size: count * 4)
    sums = try Buffer(size: count * 4)
    signal = try Buffer(size: count * 8)
    noise = try Buffer(size: count * 8)
  }

  func from(_ row: Int) -> lmq_panel_rows {
    lmq_panel_rows(
      scales: scales.start.assumingMemoryBound(to: Float.self) + row,
      sums: sums.start.assumingMemoryBound(to: Int32.self) + row,
      signal: signal.start.assumingMemoryBound(to: Double.self) + row,
      noise: noise.start.assumingMemoryBound(to: Double.self) + row)
  }
}

/// Single elements against LimequatTensor.
@Suite struct ElementTests {
  @Test func everyHalfIsWidenedExactly() {
    let halves = (0...UInt16.max).map { $0 }
    var floats = [Float](repeating: 0, count: halves.count)
    lmq_quantize_widen_f16(halves, &floats, halves.count)
    #expect(halves.allSatisfy { floats[Int($0)].bitPattern == Half.widen($0).bitPattern })
    lmq_quantize_widen_bf16(halves, &floats, halves.count)
    #expect(halves.allSatisfy { floats[Int($0)].bitPattern == BFloat16.widen($0).bitPattern })
  }

  @Test func roundsToTheNearestHalf() {
    var values: [Float] = []
    for half in UInt16(0)..<0x7BFF {
      let low = Half.widen(half)
      let middle = (low + Half.widen(half + 1)) / 2
      values += [low, middle, middle.nextUp, middle.nextDown, -middle]
    }
    values += [65519.996, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, 0, -0.0]
    var halves = [UInt16](repeating: 0, count: values.count)
    #expect(lmq_quantize_round_f16(values, &halves, values.count) == -1)
    #expect(values.indices.allSatisfy { halves[$0] == Half.round(values[$0]) })
  }

  @Test(arguments: [65520, -65520, .infinity, -.infinity, .nan, Float.greatestFiniteMagnitude])
  func refusesWhatIsNoFiniteHalf(value: Float) {
    var halves = [UInt16](repeating: 0, count: 40)
    var values = [Float](repeating: 1, count: 40)
    values[33] = value
    #expect(lmq_quantize_round_f16(values, &halves, 40) == 33)
  }
}
