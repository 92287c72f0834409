internal import ArgumentParser

/// A number of bytes on the command line: a plain number, or one with KiB, MiB or GiB.
struct ByteCount: ExpressibleByArgument {
  let bytes: Int

  init?(argument: String) {
    let units: [(String, Int)] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("", 1)]
    for (suffix, factor) in units where argument.hasSuffix(suffix) {
      guard let number = Int(argument.dropLast(suffix.count)), number >= 0 else { return nil }
      let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
      guard !overflow else { return nil }
      self.bytes = bytes
      return
    }
    return nil
  }
}
