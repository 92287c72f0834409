internal import CLimequatPlatform

/// Writes beside the target, then renames: a reader sees the old file or the whole new one, and a killed
/// writer leaves the target as it was.
///
/// Bytes may be written anywhere; gaps read as zeros. Without ``commit()`` nothing remains.
public final class AtomicFile {
  private let path: String
  private let temporary: String
  private let descriptor: Int32
  private var isCommitted = false

  private init(path: String, temporary: String, descriptor: Int32) {
    self.path = path
    self.temporary = temporary
    self.descriptor = descriptor
  }

  public static func create(path: String) throws(BytesError) -> AtomicFile {
    // A directory cannot be renamed onto: say so before the work, not after it.
    let isDirectory = try withCPath(path) { (start) throws(BytesError) in lmq_is_directory(start) }
    guard !isDirectory else { throw .system(call: .open, errno: EISDIR) }
    let temporary = "\(path).\(lmq_platform_unique()).partial"
    let descriptor = try withCPath(temporary) { (start) throws(BytesError) in
      lmq_open(start, lmq_open_new_flags(), 0o666)
    }
    guard descriptor >= 0 else { throw .system(call: .open, errno: lmq_errno()) }
    return AtomicFile(path: path, temporary: temporary, descriptor: descriptor)
  }

  /// The file beside the target, so that a signal handler can remove it.
  public var temporaryPath: String { temporary }

  public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(BytesError) {
    var done = 0
    while done < bytes.count {
      let wrote = pwrite(
        descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
      if wrote < 0 {
        if lmq_errno() == EINTR { continue }
        throw .system(call: .write, errno: lmq_errno())
      }
      guard wrote > 0 else { throw .system(call: .write, errno: ENOSPC) }
      done += wrote
    }
  }

  /// Sets the length; what was not written reads as zeros.
  public func resize(to size: Int) throws(BytesError) {
    guard ftruncate(descriptor, off_t(size)) == 0 else { throw .system(call: .write, errno: lmq_errno()) }
  }

  /// Syncs, then puts the file in the target's place.
  public func commit() throws(BytesError) {
    guard fsync(descriptor) == 0 else { throw .system(call: .sync, errno: lmq_errno()) }
    let renamed = try withCPath(temporary) { (from) throws(BytesError) in
      try withCPath(path) { (to) throws(BytesError) in rename(from, to) }
    }
    guard renamed == 0 else { throw .system(call: .rename, errno: lmq_errno()) }
    isCommitted = true
  }

  deinit {
    close(descriptor)
    if !isCommitted { _ = temporary.withCString { unlink($0) } }
  }
}
