internal import LimequatBytes

/// A text that a command leaves in a file, with a newline at its end.
enum TextFile {
  static func write(_ text: String, to path: String) throws(Fault) {
    let bytes = Array((text + "\n").utf8)
    try Fault.writing(path) { () throws(BytesError) in
      let file = try AtomicFile.create(path: path)
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
