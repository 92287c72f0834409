/// The order of a stored tensor's elements. Raw values are those of formats/limequat.proto.
public enum Layout: Int32, Sendable {
  /// Row-major, as in NumPy. int8 rows are followed by one f32 scale a row.
  case rows = 1
  /// The second input of a matrix product, (K, N), in panels of 32 outputs (formats/container.md).
  case panel32 = 2
}

extension Layout: CustomStringConvertible {
  public var description: String {
    switch self {
    case .rows: "rows"
    case .panel32: "panel32"
    }
  }
}

/// Sizes of stored matrices, as formats/container.md defines them. Nil where a product does not fit.
public enum Panel {
  /// Outputs that lie side by side.
  public static let width = 32
  /// Inputs whose int8 codes lie side by side.
  public static let group = 4

  public static func count(outputs: Int) -> Int? { roundUp(outputs, to: width).map { $0 / width } }

  /// Bytes of the panels of a (inputs, outputs) matrix, without scales and row sums.
  public static func codeBytes(inputs: Int, outputs: Int, type: ElementType) -> Int? {
    guard let padded = roundUp(outputs, to: width),
      let depth = type == .int8 ? roundUp(inputs, to: group) : inputs
    else { return nil }
    return multiply(multiply(padded, depth), type.size)
  }

  /// Bytes of the panels with what follows them: for int8 a scale (f32) and a row sum (i32) for each
  /// output, padded to the panel width.
  public static func bytes(inputs: Int, outputs: Int, type: ElementType) -> Int? {
    guard let codes = codeBytes(inputs: inputs, outputs: outputs, type: type) else { return nil }
    guard type == .int8 else { return codes }
    guard let padded = roundUp(outputs, to: width), let tail = multiply(padded, 8) else { return nil }
    return add(codes, tail)
  }
}

/// The next multiple of `step`, nil when it does not fit or either is negative.
public func roundUp(_ value: Int, to step: Int) -> Int? {
  guard value >= 0, step > 0 else { return nil }
  let (sum, overflow) = value.addingReportingOverflow(step - 1)
  return overflow ? nil : sum / step * step
}

func multiply(_ a: Int?, _ b: Int?) -> Int? {
  guard let a, let b else { return nil }
  let (product, overflow) = a.multipliedReportingOverflow(by: b)
  return overflow ? nil : product
}

func add(_ a: Int?, _ b: Int?) -> Int? {
  guard let a, let b else { return nil }
  let (sum, overflow) = a.addingReportingOverflow(b)
  return overflow ? nil : sum
}
