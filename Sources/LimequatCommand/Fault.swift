internal import CLimequatPlatform
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
      throw .reading(path, error)
    }
  }

  /// What a file is like is the input's fault; what the system has no more of is the system's.
  static func reading(_ path: String, _ error: BytesError) -> Fault {
    switch error {
    case .outOfMemory: .system("\(path): \(error)")
    case .system(_, let errno) where isShortage(errno): .system("\(path): \(error)")
    default: .input("\(path): \(error)")
    }
  }

  /// Whether an errno speaks of the system and not of the file.
  static func isShortage(_ errno: Int32) -> Bool { [ENOMEM, EMFILE, ENFILE, EIO].contains(errno) }

  /// Runs what writes `path`.
  static func writing<R: ~Copyable>(_ path: String, _ body: () throws(BytesError) -> R) throws(Fault) -> R {
    do throws(BytesError) { return try body() } catch { throw .system("\(path): \(error)") }
  }
}
