internal import Glibc

/// A folder of files in memory, one of a kind for the life of the process. LIMEQUAT_FUZZ_FOLDER has the
/// folders that they are copied from; LIMEQUAT_FUZZ_SCRATCH is where they are made, and removed by whoever
/// set it.
struct ScratchFolder {
  let path: String

  /// A copy of LIMEQUAT_FUZZ_FOLDER/`name`, made at the first call; an empty folder for the empty name.
  static func like(_ name: String) -> ScratchFolder {
    // One target in a process, so one folder.
    guard let made else {
      let folder = ScratchFolder.make(name)
      made = folder
      return folder
    }
    return made
  }

  nonisolated(unsafe) private static var made: ScratchFolder?

  private static func make(_ name: String) -> ScratchFolder {
    var template = Array((variable("LIMEQUAT_FUZZ_SCRATCH") + "/XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { fatalError("no folder can be made in LIMEQUAT_FUZZ_SCRATCH") }
    let folder = ScratchFolder(path: String(decoding: template.dropLast().map(UInt8.init), as: UTF8.self))
    guard !name.isEmpty else { return folder }
    let source = variable("LIMEQUAT_FUZZ_FOLDER") + "/" + name
    guard let listing = opendir(source) else { fatalError("\(source) cannot be read") }
    defer { closedir(listing) }
    while let entry = readdir(listing) {
      let file = withUnsafePointer(to: &entry.pointee.d_name) { name in
        name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard !file.hasPrefix(".") else { continue }
      // Tests write only the file that they change, never through a link.
      symlink("\(source)/\(file)", "\(folder.path)/\(file)")
    }
    return folder
  }

  /// An open file in memory that has no name.
  static func unnamedFile() -> Int32? {
    var template = Array((variable("LIMEQUAT_FUZZ_SCRATCH") + "/XXXXXX").utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { return nil }
    unlink(template)
    return descriptor
  }

  private static func variable(_ name: String) -> String {
    guard let value = getenv(name) else { fatalError("\(name) is not set") }
    return String(cString: value)
  }

  /// Replaces a file. One file is written again and again, since making a new one is slow.
  func write(_ bytes: UnsafeRawBufferPointer, as file: String) {
    let path = path + "/" + file
    if !Self.isOwn { unlink(path) }
    Self.isOwn = true
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0, Glibc.write(descriptor, bytes.baseAddress, bytes.count) == bytes.count else {
      fatalError("\(path) cannot be written")
    }
    close(descriptor)
  }

  nonisolated(unsafe) private static var isOwn = false
}
