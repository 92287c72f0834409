internal import LimequatTensor

/// From a row-major matrix (inputs, outputs) to panels of 32 outputs: a run of 32 elements of a row becomes
/// a run of its panel. Outputs beyond the last are zero.
struct PanelPacking {
  let inputs: Int
  let outputs: Int
  let from: ElementType
  let to: ElementType

  /// Panels that are filled side by side, so that rows are read in longer runs than one panel is wide.
  private static let sideBySide = 8

  var panelCount: Int { (outputs + Panel.width - 1) / Panel.width }
  /// Bytes of one panel.
  var panelSize: Int { inputs * Panel.width * to.size }

  /// Packs the panels of `range` one after the other into `destination`.
  func run(
    _ range: Range<Int>, from source: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer
  ) {
    guard let input = source.baseAddress, let output = destination.baseAddress,
      source.count == inputs * outputs * from.size, destination.count == range.count * panelSize
    else { return }
    var first = range.lowerBound
    while first < range.upperBound {
      let last = min(first + Self.sideBySide, range.upperBound)
      for row in 0..<inputs {
        for panel in first..<last {
          let column = panel * Panel.width
          let run = input + (row * outputs + column) * from.size
          let place = output + (panel - range.lowerBound) * panelSize + row * Panel.width * to.size
          if column + Panel.width <= outputs {
            copy(run, place)
          } else {
            let count = outputs - column
            ElementCast.run(run, from, place, to, count: count)
            (place + count * to.size).initializeMemory(
              as: UInt8.self, repeating: 0, count: (Panel.width - count) * to.size)
          }
        }
      }
      first = last
    }
  }

  /// A whole run. Where the type stays, two or four vector moves instead of a call.
  @inline(__always)
  private func copy(_ run: UnsafeRawPointer, _ place: UnsafeMutableRawPointer) {
    guard from == to else { return ElementCast.run(run, from, place, to, count: Panel.width) }
    place.storeBytes(of: run.loadUnaligned(as: SIMD64<UInt8>.self), as: SIMD64<UInt8>.self)
    if from.size == 4 {
      (place + 64).storeBytes(of: (run + 64).loadUnaligned(as: SIMD64<UInt8>.self), as: SIMD64<UInt8>.self)
    }
  }
}
