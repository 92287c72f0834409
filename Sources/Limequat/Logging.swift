internal import LimequatBytes
internal import LimequatRuntime

/// How much a message matters.
public enum LogLevel: Int32, Sendable {
  /// A call failed for a reason that should be looked into beside the call: damaged weights.
  case error = 1
  /// Things go on, but not as they were asked for.
  case warning = 2
  case information = 3
}

extension Model {
  /// Hears what goes on beside results and errors. Called on the threads of calls, never on those that the
  /// model starts, and by several at once when calls run at once.
  public typealias Logger = @Sendable (_ level: LogLevel, _ message: String) -> Void

  /// The same for the runtime.
  static func runtimeLogger(_ logger: Logger?) -> LimequatRuntime.Logger? {
    guard let logger else { return nil }
    return { level, message in logger(LogLevel(rawValue: level.rawValue) ?? .warning, message) }
  }

  /// What an open model says of itself.
  func logOpened(_ options: Options) {
    guard let logger else { return }
    if options.threads > threads {
      logger(.warning, "\(options.threads) threads were asked for, \(threads) is the most")
    }
    logger(
      .information,
      "a model of \(fileSize) bytes is open: kernels \(kernelsNameBytes.text), threads \(threads)")
  }
}
