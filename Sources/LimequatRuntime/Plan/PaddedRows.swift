internal import LimequatGraph
internal import LimequatTensor

/// Values that products alone read, as floats and row by row, are made with their rows further apart than
/// these are wide. Rows a multiple of 2 KB apart meet in few places of the first cache, so that kernels would
/// copy them (Sources/CLimequatKernels/walk.c); rows a whole number of lines apart meet in one of its banks.
enum PaddedRows {
  /// Elements between rows of `width` f32: whole lines of 64 bytes, one more, and a quarter.
  static func stride(_ width: Int) -> Int { areOfUse(width) ? (width + 15) / 16 * 16 + 20 : width }

  /// Rows of a few lines are near each other anyway, and would grow by much.
  static func areOfUse(_ width: Int) -> Bool { width >= 256 }
}

extension PlannedValue {
  /// Elements from the start of one row of `width` to that of the next.
  func stride(_ width: Int) -> Int { paddedWidth > 0 ? PaddedRows.stride(paddedWidth) : width }
}

extension PlanBuilder {
  /// The width of the rows of what a step makes, if it is to keep them apart and can.
  func paddedWidth(_ step: Step, _ value: PlannedValue, _ lastReads: borrowing LastReads) -> Int? {
    guard let width = lastReads.rowWidth(step.output), PaddedRows.areOfUse(width) else { return nil }
    let isOfLastDim = width == value.shape[-1]
    let can =
      switch step.operation {
      case .product, .attention: isOfLastDim
      case .node:
        switch graph.node(at: step.node)?.op {
        case .layerNormalization: isOfLastDim
        case .transpose: value.shape.hasRows(of: width)
        default: false
        }
      default: false
      }
    return can ? width : nil
  }
}

extension Shape {
  /// Whether some last dims are `width` elements together.
  fileprivate func hasRows(of width: Int) -> Bool {
    for axis in 0..<rank where product(axis..<rank) == width { return true }
    return false
  }
}
