internal import CLimequatPlatform

/// The process that made something. A child of fork() has its parent's memory but none of its threads: what
/// waits for one of them, or for a lock that one of them holds, waits for ever.
struct ProcessOfOrigin {
  private let id = getpid()

  /// This is that process, and no child of it.
  var isHere: Bool { id == getpid() }
}

extension Model {
  /// Fails in a child of the process that opened the model.
  public func checkProcess() throws(RuntimeError) {
    guard engine.pool.origin.isHere else { throw .forked }
  }
}
