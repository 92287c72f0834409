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
  /// Elements from one row to the next.
  var stride: Int { isPadded ? PaddedRows.stride(shape[-1]) : shape[-1] }
}

extension PlanBuilder {
  /// Whether a step can write its rows at any distance.
  func makesRows(_ step: Step) -> Bool {
    switch step.operation {
    case .product, .attention: return true
    case .node:
      guard case .layerNormalization? = graph.node(at: step.node)?.op else { return false }
      return true
    default: return false
    }
  }
}
