// swift-format-ignore-file: AlwaysUseLowerCamelCase
public import CLimequat
internal import Limequat
internal import LimequatBytes

/// Runs the body of a function that can fail: nothing leaves it but a status and what `error` is told.
func answer(
  _ error: UnsafeMutablePointer<lmq_error>?, _ body: () throws(CallError) -> Void
) -> lmq_status {
  Memory.begin()
  do throws(CallError) { try body() } catch let thrown { return refuse(thrown, error) }
  describe(LMQ_OK, 0, "", in: error)
  return LMQ_OK
}

@inline(never)
private func refuse(_ thrown: CallError, _ error: UnsafeMutablePointer<lmq_error>?) -> lmq_status {
  switch thrown {
  case .limequat(let cause):
    let status = lmq_status(rawValue: lmq_status.RawValue(cause.code.rawValue))
    describe(status, cause.systemError, cause.message, in: error)
    return status
  case .handle(let name):
    describe(LMQ_ERROR_HANDLE, 0, "\(name) is closed, or no handle of that type", in: error)
    return LMQ_ERROR_HANDLE
  case .memory:
    describe(LMQ_ERROR_MEMORY, 0, "the system refused memory", in: error)
    return LMQ_ERROR_MEMORY
  }
}

/// Fails when the Swift runtime was refused memory since the call began.
func checkMemory() throws(CallError) {
  do throws(BytesError) { try Memory.check() } catch { throw .memory }
}

@inline(never)
private func describe(
  _ status: lmq_status, _ systemError: Int32, _ message: String, in error: UnsafeMutablePointer<lmq_error>?
) {
  guard let error else { return }
  error.pointee.status = status
  error.pointee.system_error = systemError
  withUnsafeMutableBytes(of: &error.pointee.message) { writeLine(message, to: $0) }
}

/// Writes a message with a zero byte at its end. Cuts it where it fills the room, between two characters, and
/// makes one line of it.
@inline(never)
func writeLine(_ message: String, to room: UnsafeMutableRawBufferPointer) {
  var length = 0
  var whole = 0  // bytes that end with a whole character
  for byte in message.utf8 {
    if byte & 0xC0 != 0x80 { whole = length }
    guard length < room.count - 1 else {
      length = whole
      break
    }
    room[length] = byte < 0x20 ? 0x20 : byte
    length += 1
  }
  room[length] = 0
}

@c @implementation
public func lmq_status_name(_ status: lmq_status) -> UnsafePointer<CChar>! {
  let name: StaticString =
    switch status {
    case LMQ_OK: "LMQ_OK"
    case LMQ_ERROR_ARGUMENT: "LMQ_ERROR_ARGUMENT"
    case LMQ_ERROR_HANDLE: "LMQ_ERROR_HANDLE"
    case LMQ_ERROR_BUSY: "LMQ_ERROR_BUSY"
    case LMQ_ERROR_UNSUPPORTED: "LMQ_ERROR_UNSUPPORTED"
    case LMQ_ERROR_CANCELLED: "LMQ_ERROR_CANCELLED"
    case LMQ_ERROR_FORKED: "LMQ_ERROR_FORKED"
    case LMQ_ERROR_NOT_FOUND: "LMQ_ERROR_NOT_FOUND"
    case LMQ_ERROR_TYPE: "LMQ_ERROR_TYPE"
    case LMQ_ERROR_SHAPE: "LMQ_ERROR_SHAPE"
    case LMQ_ERROR_VALUE: "LMQ_ERROR_VALUE"
    case LMQ_ERROR_FORMAT: "LMQ_ERROR_FORMAT"
    case LMQ_ERROR_VERSION: "LMQ_ERROR_VERSION"
    case LMQ_ERROR_CHECKSUM: "LMQ_ERROR_CHECKSUM"
    case LMQ_ERROR_IO: "LMQ_ERROR_IO"
    case LMQ_ERROR_MEMORY: "LMQ_ERROR_MEMORY"
    case LMQ_ERROR_THREAD: "LMQ_ERROR_THREAD"
    case LMQ_ERROR_INTERNAL: "LMQ_ERROR_INTERNAL"
    default: "LMQ_UNKNOWN"
    }
  return cString(name)
}

/// A literal of the program as a C string: literals end with a zero byte.
func cString(_ text: StaticString) -> UnsafePointer<CChar> {
  UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}
