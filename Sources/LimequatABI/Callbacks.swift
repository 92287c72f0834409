internal import CLimequat
internal import Limequat
internal import LimequatBytes

/// What a host gives with a function to be handed back to it. The host says that its function may be called
/// where limequat.h says that it is.
private struct User: @unchecked Sendable { let pointer: UnsafeMutableRawPointer? }

func logger(_ function: lmq_logger?, _ user: UnsafeMutableRawPointer?) -> Model.Logger? {
  guard let function else { return nil }
  let user = User(pointer: user)
  return { level, message in
    withUnsafeTemporaryAllocation(byteCount: 504, alignment: 1) { room in
      writeLine(message, to: room)
      guard let text = room.baseAddress else { return }
      let level = lmq_log_level(rawValue: lmq_log_level.RawValue(level.rawValue))
      Memory.aside { function(user.pointer, level, text.assumingMemoryBound(to: CChar.self)) }
    }
  }
}

func progress(_ function: lmq_progress?, _ user: UnsafeMutableRawPointer?) -> Session.Progress? {
  guard let function else { return nil }
  let user = User(pointer: user)
  return { done, total in
    Memory.aside { function(user.pointer, UInt64(clamping: done), UInt64(clamping: total)) == 0 }
  }
}
