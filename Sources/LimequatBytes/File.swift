internal import CLimequatPlatform

/// An open regular file, read at given positions. Safe to use from several threads.
public final class File: Sendable {
  private let descriptor: Int32
  private let isOwned: Bool
  /// In bytes, when it was opened.
  public let size: Int

  private init(descriptor: Int32, isOwned: Bool, size: Int) {
    self.descriptor = descriptor
    self.isOwned = isOwned
    self.size = size
  }

  /// Refuses whatever is no regular file.
  public static func open(path: UnsafePointer<CChar>) throws(BytesError) -> File {
    // The flags include O_NONBLOCK: opening a FIFO would wait for its writer; for regular files it changes
    // nothing.
    let descriptor = lmq_open(path, lmq_open_read_flags(), 0)
    guard descriptor >= 0 else { throw .system(call: .open, errno: lmq_errno()) }
    return try adopt(descriptor, isOwned: true)
  }

  public static func open(path: String) throws(BytesError) -> File {
    try withCPath(path) { (start) throws(BytesError) in try open(path: start) }
  }

  /// The same open file under a second descriptor, so that the caller may close theirs.
  public static func duplicate(_ descriptor: Int32) throws(BytesError) -> File {
    let copy = lmq_duplicate(descriptor)
    guard copy >= 0 else { throw .system(call: .open, errno: lmq_errno()) }
    return try adopt(copy, isOwned: true)
  }

  /// Takes an open descriptor; closes it at the end only when `isOwned`.
  public static func adopt(_ descriptor: Int32, isOwned: Bool) throws(BytesError) -> File {
    var size: Int64 = 0
    var isRegular = false
    guard lmq_file_status(descriptor, &size, &isRegular) == 0 else {
      let number = lmq_errno()
      if isOwned { close(descriptor) }
      throw .system(call: .status, errno: number)
    }
    guard isRegular, let size = Int(exactly: size) else {
      if isOwned { close(descriptor) }
      throw .notAFile
    }
    return File(descriptor: descriptor, isOwned: isOwned, size: size)
  }

  deinit { if isOwned { close(descriptor) } }

  /// Fills `destination` from `offset`. The corresponding C function is `pread`.
  public func read(at offset: Int, into destination: UnsafeMutableRawBufferPointer) throws(BytesError) {
    guard offset >= 0, offset <= size, destination.count <= size - offset else {
      throw .outOfBounds(offset: offset, wanted: destination.count, size: size)
    }
    var done = 0
    while done < destination.count {
      let got = pread(
        descriptor, destination.baseAddress.map { $0 + done }, destination.count - done, off_t(offset + done))
      if got < 0 {
        if lmq_errno() == EINTR { continue }
        throw .system(call: .read, errno: lmq_errno())
      }
      guard got > 0 else { throw .shortRead(offset: offset, wanted: destination.count, got: done) }
      done += got
    }
  }

  /// Says that bytes will be read soon, so that the system may begin to.
  public func expectRead(at offset: Int, size: Int) {
    _ = posix_fadvise(descriptor, off_t(offset), off_t(size), Int32(POSIX_FADV_WILLNEED))
  }

  /// A read-only mapping of the whole file.
  public func map() throws(BytesError) -> MappedFile { try MappedFile.map(descriptor, size: size) }

  /// The whole file in memory, refused when larger than `limit`.
  public func readAll(limit: Int) throws(BytesError) -> Buffer {
    guard size <= limit else { throw .outOfBounds(offset: 0, wanted: size, size: limit) }
    let buffer = try Buffer(size: size)
    try read(at: 0, into: buffer.bytes)
    return buffer
  }
}

/// `String.withCString` rethrows untyped; this keeps the typed error. A path with a NUL byte is no path.
func withCPath<R>(
  _ path: String, _ body: (UnsafePointer<CChar>) throws(BytesError) -> R
) throws(BytesError) -> R {
  for byte in path.utf8 where byte == 0 { throw .system(call: .open, errno: EINVAL) }
  let result: Result<R, BytesError> = path.withCString { start in
    do throws(BytesError) { return .success(try body(start)) } catch { return .failure(error) }
  }
  return try result.get()
}
