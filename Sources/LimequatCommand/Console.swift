internal import CLimequatPlatform

/// Standard output and standard error.
enum Console {
  /// Whether standard error is a terminal: only then is progress shown.
  static let showsProgress = isatty(2) == 1

  /// Writes to standard output, with a newline. A reader that went away (`| head`) ends the program quietly;
  /// a full disk is a fault of the system.
  static func result(_ text: String) {
    var line = text
    line += "\n"
    guard write(line, to: 1) else {
      if lmq_errno() == EPIPE { exit(0) }
      fault("standard output: \(String(cString: strerror(lmq_errno())))")
      exit(3)
    }
  }

  static func fault(_ text: String, prefix: String = "limequat: ") {
    _ = write(prefix + text + "\n", to: 2)
  }

  private static func write(_ text: String, to descriptor: Int32) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      var done = 0
      while done < bytes.count {
        let wrote = systemWrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
        if wrote < 0 && lmq_errno() == EINTR { continue }
        guard wrote > 0 else { return false }
        done += wrote
      }
      return true
    }
  }

  /// One line on a terminal's standard error that is written over; nothing elsewhere.
  static func progress(_ text: String) {
    if showsProgress { _ = write("\r\u{1B}[K\(text)", to: 2) }
  }

  static func endProgress() { progress("") }
}

/// The C function, which `Console.write` would hide.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
