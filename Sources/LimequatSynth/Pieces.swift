internal import CLimequatPlatform
internal import Synchronization

/// Pieces of one work, numbered from 0, that threads take one by one.
final class Pieces: Sendable {
  private let count: Int
  private let body: @Sendable (Int) -> Void
  private let taken = Atomic<Int>(0)

  private init(count: Int, body: @escaping @Sendable (Int) -> Void) {
    self.count = count
    self.body = body
  }

  /// Calls `body` for each piece, with a thread for each processor. Threads that the system refuses are done
  /// without.
  static func forEach(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let pieces = Pieces(count: count, body: body)
    var helpers: [pthread_t] = []
    for _ in 1..<max(1, min(count, Int(lmq_processor_count()))) {
      var helper = pthread_t()
      let kept = Unmanaged.passRetained(pieces)
      guard lmq_thread_start(&helper, threadBody, kept.toOpaque()) == 0 else {
        kept.release()
        break
      }
      helpers.append(helper)
    }
    pieces.work()
    for helper in helpers { pthread_join(helper, nil) }
  }

  /// Takes over the count of references that was made for the thread.
  private static let threadBody: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = {
    if let pieces = $0 { Unmanaged<Pieces>.fromOpaque(pieces).takeRetainedValue().work() }
    return nil
  }

  private func work() {
    while true {
      let piece = taken.wrappingAdd(1, ordering: .relaxed).oldValue
      guard piece < count else { return }
      body(piece)
    }
  }
}
