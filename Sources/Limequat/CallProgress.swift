internal import LimequatRuntime

/// How far the call of a session is, for the host that wants to know. Used by the thread of the call only.
final class CallProgress: @unchecked Sendable {
  private let report: Session.Progress
  private var total = 0
  private var mode: ArithmeticMode?
  /// Items that are done, and those of the piece that runs.
  private var done = 0
  private var running = 0

  init(_ report: @escaping Session.Progress) { self.report = report }

  /// First in a call of `items`, which is in this mode. Wrapping: numbers that large belong to calls that are
  /// refused.
  func begin(_ items: Int, _ mode: ArithmeticMode?) {
    self.mode = mode
    total = items &* Session.progressUnits
    done = 0
    running = 0
  }

  /// Before the runtime takes the next piece.
  func beginPiece(_ items: Int) {
    done &+= running &* Session.progressUnits
    running = items
  }

  /// After `steps` of `all` operators of the piece. Answers whether to go on.
  func step(_ steps: Int, of all: Int) -> Bool {
    let done = done &+ (running &* Session.progressUnits &* steps) / max(1, all)
    return mode?.suspended { report(done, total) } ?? true
  }
}

extension Session {
  /// Hears how far a call is, and answers whether it goes on: false ends it with
  /// ``LimequatError/Code/cancelled``. Called on the thread of the call, between operators. Both numbers are
  /// thousandths of an item (an image, a text, a prompt of a label; a run is one item); `total` stays the
  /// same within a call, `done` grows up to it. The session itself is busy meanwhile.
  public typealias Progress = @Sendable (_ done: Int, _ total: Int) -> Bool

  static let progressUnits = 1000
}
