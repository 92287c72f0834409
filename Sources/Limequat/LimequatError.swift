/// Why a call failed: a code to act on and one sentence to read.
public struct LimequatError: Error, Sendable {
  public let code: Code
  /// What was expected and what was found. One sentence without a line break.
  public let message: String
  /// The `errno` behind ``Code/io`` and ``Code/thread``, else 0.
  public let systemError: Int32

  public init(_ code: Code, _ message: String, systemError: Int32 = 0) {
    self.code = code
    self.message = message
    self.systemError = systemError
  }

  /// The numbers are those of `lmq_status` in limequat.h.
  public enum Code: Int32, Sendable {
    /// The call is wrong: misaligned or overlapping memory, a size that cannot be.
    case argument = 10
    /// The session is in use by another thread.
    case busy = 12
    /// This model or this library does not do that.
    case unsupported = 13
    /// ``Session/setCancelled(_:)``.
    case cancelled = 14
    /// The model was opened by another process, of which this one is a fork.
    case forked = 15
    /// No signature, tensor or key of that name or index.
    case notFound = 20
    /// Another element type.
    case type = 21
    /// Another rank, other dims, another size.
    case shape = 22
    /// A token id, text, label or template that cannot be used.
    case value = 23
    /// No Limequat model, or one that breaks a rule of the format.
    case format = 30
    /// The file needs a newer library.
    case version = 31
    /// The bytes of the file are damaged.
    case checksum = 32
    /// Opening, reading or mapping failed.
    case io = 40
    /// The system refused memory.
    case memory = 41
    /// The system refused a thread.
    case thread = 42
    /// A fault of the library.
    case internalFault = 90
  }
}

extension LimequatError: CustomStringConvertible {
  public var description: String { message }
}
