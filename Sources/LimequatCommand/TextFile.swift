internal import LimequatBytes

/// A text that a command leaves in a file, with a newline at its end. The file appears when it is written.
struct TextFile {
  private let path: String
  private let file: AtomicFile

  static func create(_ path: String) throws(Fault) -> TextFile {
    let file = try Fault.writing(path) { () throws(BytesError) in try AtomicFile.create(path: path) }
    return TextFile(path: path, file: file)
  }

  func write(_ text: String) throws(Fault) {
    let bytes = Array((text + "\n").utf8)
    try Fault.writing(path) { () throws(BytesError) in
      let written: Result<Void, BytesError> = bytes.withUnsafeBytes { bytes in
        do throws(BytesError) { return .success(try file.write(bytes, at: 0)) } catch {
          return .failure(error)
        }
      }
      try written.get()
      try file.commit()
    }
  }
}
