internal import CLimequatPlatform

/// The system's own words for an error number. The corresponding C function is `strerror_r`.
public func systemMessage(_ number: Int32) -> String {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
    guard let start = buffer.baseAddress else { return "error \(number)" }
    buffer.initialize(repeating: 0)
    // The GNU variant may answer with a static text instead of the buffer.
    guard let text = lmq_error_text(number, start, buffer.count) else { return "error \(number)" }
    return String(cString: text)
  }
}
