internal import LimequatBytes
internal import Limequat

/// What the body of a function of limequat.h throws on its way to a status.
indirect enum CallError: Error {
  case limequat(LimequatError)
  /// A handle that is closed or of another type; the name is the parameter's.
  case handle(StaticString)
  /// Memory was refused somewhere: said without allocating anything.
  case memory

  static func argument(_ message: String) -> CallError { .limequat(LimequatError(.argument, message)) }

  static func null(_ name: StaticString) -> CallError { .argument("\(name) is NULL") }
}

/// Lets the body of a function call Limequat in its own error type.
func limequat<R>(_ body: () throws(LimequatError) -> R) throws(CallError) -> R {
  do throws(LimequatError) { return try body() } catch { throw .limequat(error) }
}
