internal import CLimequatPlatform

/// Writes a file that appears at its path only when it is whole: a reader sees the old file or the new one,
/// and a killed writer leaves the target as it was.
///
/// Where the file system can, the file has no name until ``commit()``, so that not even a killed process
/// leaves a trace; elsewhere it has a temporary name beside the target. Bytes may be written anywhere; gaps
/// read as zeros. Without ``commit()`` nothing remains.
public final class AtomicFile {
  private let path: String
  private let temporary: String
  private let descriptor: Int32
  /// Whether `temporary` names the file now.
  private var isNamed: Bool

  private init(path: String, temporary: String, descriptor: Int32, isNamed: Bool) {
    self.path = path
    self.temporary = temporary
    self.descriptor = descriptor
    self.isNamed = isNamed
  }

  /// A symbolic link stays one: the file that it leads to is replaced. A file that is replaced leaves its
  /// permissions. A folder, a device or a pipe is refused.
  public static func create(path wanted: String) throws(BytesError) -> AtomicFile {
    guard !wanted.utf8.isEmpty else { throw .system(call: .open, errno: ENOENT) }
    // What cannot or must not be renamed onto: say so before the work, not after it.
    let isDirectory = try withCPath(wanted) { (start) throws(BytesError) in lmq_is_directory(start) }
    guard !isDirectory else { throw .system(call: .open, errno: EISDIR) }
    let isSpecial = try withCPath(wanted) { (start) throws(BytesError) in lmq_is_special(start) }
    guard !isSpecial else { throw .notAFile }
    var path = wanted
    if let target = try withCPath(wanted, { (start) throws(BytesError) in lmq_link_target(start) }) {
      path = String(cString: target)
      free(target)
    }
    let temporary = "\(path).\(lmq_platform_unique()).partial"
    var descriptor = try withCPath(folder(of: path)) { (start) throws(BytesError) in
      lmq_open_unnamed(start)
    }
    let isNamed = descriptor < 0
    if isNamed {
      descriptor = try withCPath(temporary) { (start) throws(BytesError) in
        lmq_open(start, lmq_open_new_flags(), 0o666)
      }
    }
    guard descriptor >= 0 else { throw .system(call: .open, errno: lmq_errno()) }
    let file = AtomicFile(path: path, temporary: temporary, descriptor: descriptor, isNamed: isNamed)
    try withCPath(path) { (start) throws(BytesError) in lmq_copy_permissions(start, descriptor) }
    return file
  }

  private static func folder(of path: String) -> String {
    var end = 0
    var index = 0
    for byte in path.utf8 {
      index += 1
      if byte == UInt8(ascii: "/") { end = index }
    }
    return end == 0 ? "." : String(decoding: path.utf8.prefix(end), as: UTF8.self)
  }

  public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(BytesError) {
    // Only programs that ask for it are interrupted so; what they leave behind is taken away as after any
    // error.
    guard !lmq_is_interrupted() else { throw .system(call: .write, errno: EINTR) }
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

  /// Lets the disk begin to write a range that is complete; ``commit()`` then waits less.
  public func startWriteback(_ range: Range<Int>) {
    lmq_start_writeback(descriptor, Int64(range.lowerBound), Int64(range.count))
  }

  /// The file as written so far, for reading while this object lives.
  public func readBack() throws(BytesError) -> File { try File.adopt(descriptor, isOwned: false) }

  /// Sets the length; what was not written reads as zeros.
  public func resize(to size: Int) throws(BytesError) {
    guard ftruncate(descriptor, off_t(size)) == 0 else { throw .system(call: .write, errno: lmq_errno()) }
  }

  /// Syncs, then puts the file in the target's place.
  public func commit() throws(BytesError) {
    guard fsync(descriptor) == 0 else { throw .system(call: .sync, errno: lmq_errno()) }
    if !isNamed {
      let linked = try withCPath(temporary) { (start) throws(BytesError) in
        lmq_link_unnamed(descriptor, start)
      }
      guard linked == 0 else { throw .system(call: .rename, errno: lmq_errno()) }
      isNamed = true
    }
    let renamed = try withCPath(temporary) { (from) throws(BytesError) in
      try withCPath(path) { (to) throws(BytesError) in rename(from, to) }
    }
    guard renamed == 0 else { throw .system(call: .rename, errno: lmq_errno()) }
    isNamed = false
  }

  deinit {
    close(descriptor)
    if isNamed { _ = temporary.withCString { unlink($0) } }
  }
}
