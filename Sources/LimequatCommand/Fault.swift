internal import LimequatBytes

/// Why a command ends early: one message and the exit code.
struct Fault: Error {
  let message: String
  let code: Int32

  /// Messages begin with a path: an empty one must be seen.
  private init(_ message: String, code: Int32) {
    self.message = message.hasPrefix(":") ? "''\(message)" : message
    self.code = code
  }

  /// The request cannot be met with this input.
  static func input(_ message: String) -> Fault { Fault(message, code: 1) }
  /// The system failed: a write error, a full disk, no memory.
  static func system(_ message: String) -> Fault { Fault(message, code: 3) }

  /// Runs what reads `path`.
  static func reading<R: ~Copyable>(_ path: String, _ body: () throws(BytesError) -> R) throws(Fault) -> R {
    do throws(BytesError) {
      return try body()
    } catch {
      if case .outOfMemory = error { throw .system("\(path): \(error)") }
      throw .input("\(path): \(error)")
    }
  }

  /// Runs what writes `path`.
  static func writing<R: ~Copyable>(_ path: String, _ body: () throws(BytesError) -> R) throws(Fault) -> R {
    do throws(BytesError) { return try body() } catch { throw .system("\(path): \(error)") }
  }
}
