/// What can go wrong between a program and its bytes.
public enum BytesError: Error, Equatable, Sendable {
  /// The system refused this many bytes of memory.
  case outOfMemory(bytes: Int)
  /// A read ran past the end: `wanted` bytes at `offset` of a range that has `size`.
  case outOfBounds(offset: Int, wanted: Int, size: Int)
  /// A system call failed with this `errno`.
  case system(call: SystemCall, errno: Int32)
  /// The path names something that is no regular file (a directory, a device).
  case notAFile
  /// The file gave fewer bytes than it said it had: it was truncated while in use.
  case shortRead(offset: Int, wanted: Int, got: Int)

  /// The system calls that an error can name.
  public enum SystemCall: Sendable {
    case open, status, map, read, write, sync, rename, close, thread
  }
}

extension BytesError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .outOfMemory(let bytes): "out of memory: \(bytes) bytes were refused"
    case .outOfBounds(let offset, let wanted, let size):
      "\(wanted) bytes wanted at offset \(offset), but there are only \(size)"
    case .system(let call, let errno): "\(call.name): \(systemMessage(errno))"
    case .notAFile: "not a regular file"
    case .shortRead(let offset, let wanted, let got):
      "\(wanted) bytes wanted at offset \(offset), the file gave \(got): was it truncated?"
    }
  }
}

extension BytesError.SystemCall {
  /// `rawValue` of a String enum needs Unicode tables in Embedded Swift; a literal does not.
  var name: String {
    switch self {
    case .open: "cannot open"
    case .status: "cannot look at"
    case .map: "cannot map"
    case .read: "cannot read"
    case .write: "cannot write"
    case .sync: "cannot sync"
    case .rename: "cannot rename"
    case .close: "cannot close"
    case .thread: "cannot start a thread"
    }
  }
}
