internal import LimequatBytes

/// Dimensions of a tensor, outermost first: at most ``maximumRank``, each at least 0. A value without
/// allocation, so that shapes can be made where memory may be short.
public struct Shape: Sendable, Equatable {
  public static let maximumRank = 8
  private var dims: (Int, Int, Int, Int, Int, Int, Int, Int) = (1, 1, 1, 1, 1, 1, 1, 1)
  public private(set) var rank = 0

  /// The shape of a scalar.
  public init() {}

  /// Nil for more than ``maximumRank`` dims or a negative one.
  public init?(_ dims: some Sequence<Int>) {
    // Not on self: Swift 6.3.1 with -O then gives an empty shape.
    var shape = Shape()
    for dim in dims { guard shape.append(dim) else { return nil } }
    self = shape
  }

  /// Shapes that the program itself states. Dims that do not fit are left out.
  public init(of dims: Int...) {
    for dim in dims { append(dim) }
  }

  /// Answers false, and changes nothing, for a ninth dim or a negative one.
  @discardableResult
  public mutating func append(_ dim: Int) -> Bool {
    guard rank < Shape.maximumRank, dim >= 0 else { return false }
    rank += 1
    self[rank - 1] = dim
    return true
  }

  /// The dim at `index`; negative indices count from the end. Outside the rank: 1, as broadcasting sees it.
  public subscript(_ index: Int) -> Int {
    // Eight-way switches are worth a call: inlined, they were a tenth of the code that checks graphs.
    @inline(never) get {
      switch index < 0 ? index + rank : index {
      case 0: dims.0
      case 1: dims.1
      case 2: dims.2
      case 3: dims.3
      case 4: dims.4
      case 5: dims.5
      case 6: dims.6
      case 7: dims.7
      default: 1
      }
    }
    @inline(never) set {
      switch index < 0 ? index + rank : index {
      case 0: dims.0 = newValue
      case 1: dims.1 = newValue
      case 2: dims.2 = newValue
      case 3: dims.3 = newValue
      case 4: dims.4 = newValue
      case 5: dims.5 = newValue
      case 6: dims.6 = newValue
      case 7: dims.7 = newValue
      default: break
      }
    }
  }

  /// The product of the dims, nil when it does not fit.
  public var count: Int? { product(0..<rank) }

  /// The product of some dims, nil when it does not fit.
  public func product(_ range: Range<Int>) -> Int? {
    var total = 1
    for index in range {
      let (product, overflow) = total.multipliedReportingOverflow(by: self[index])
      guard !overflow else { return nil }
      total = product
    }
    return total
  }

  public static func == (a: Shape, b: Shape) -> Bool {
    guard a.rank == b.rank else { return false }
    for index in 0..<a.rank where a[index] != b[index] { return false }
    return true
  }
}

extension Shape: CustomStringConvertible {
  /// For example `[2, 16, 768]`.
  public var description: String {
    var text = "["
    for index in 0..<rank {
      if index > 0 { text += ", " }
      text += "\(self[index])"
    }
    return text + "]"
  }
}
