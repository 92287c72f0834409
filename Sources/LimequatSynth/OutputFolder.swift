internal import CLimequatPlatform
internal import FoundationEssentials
internal import LimequatBytes

/// A folder that appears at its path only when it is whole: until ``commit()`` it has another name beside it,
/// and without ``commit()`` nothing remains.
final class OutputFolder {
  private let path: String
  private let temporary: String
  private var files: [String] = []
  private var isCommitted = false

  private init(path: String, temporary: String) {
    self.path = path
    self.temporary = temporary
  }

  static func create(path wanted: String) throws(SynthError) -> OutputFolder {
    var path = Substring(wanted)
    while path.count > 1, path.last == "/" { path.removeLast() }
    let target = String(path)
    // An empty folder may stand there: rename takes its place.
    if access(target, F_OK) == 0 {
      let content = try? FileManager.default.contentsOfDirectory(atPath: target)
      guard content?.isEmpty == true else { throw .exists(path: target) }
    }
    let temporary = "\(target).\(lmq_platform_unique()).partial"
    guard mkdir(temporary, 0o777) == 0 else { throw failure(target, .open) }
    return OutputFolder(path: target, temporary: temporary)
  }

  /// Where to write a file of this name.
  func file(_ name: String) -> String {
    let file = "\(temporary)/\(name)"
    files.append(file)
    return file
  }

  func commit() throws(SynthError) {
    guard rename(temporary, path) == 0 else { throw OutputFolder.failure(path, .rename) }
    isCommitted = true
  }

  private static func failure(_ path: String, _ call: BytesError.SystemCall) -> SynthError {
    .writing(path: path, .system(call: call, errno: lmq_errno()))
  }

  deinit {
    guard !isCommitted else { return }
    for file in files { unlink(file) }
    rmdir(temporary)
  }
}
