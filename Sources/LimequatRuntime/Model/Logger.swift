/// How much a message matters.
public enum LogLevel: Int32, Sendable {
  /// A call failed for a reason that the host should look into.
  case error = 1
  /// Things go on, but not as they were asked for.
  case warning = 2
  case information = 3
}

/// Hears what goes on beside the results. Called on the threads of calls, never on those of the pool, and by
/// several at once when calls run at once.
public typealias Logger = @Sendable (_ level: LogLevel, _ message: String) -> Void
