internal import CLimequatPlatform
public import LimequatBytes

/// Opens a file, with errors that name it.
func openFile(_ path: String) throws(CheckpointError) -> File {
  do throws(BytesError) {
    return try File.open(path: path)
  } catch .system(call: .open, errno: ENOENT) {
    throw .missing(file: path)
  } catch {
    throw .bytes(file: path, error)
  }
}

/// A whole file of at most `limit` bytes.
public func readFile(_ path: String, limit: Int) throws(CheckpointError) -> Buffer {
  let file = try openFile(path)
  guard file.size <= limit else {
    throw .format(file: path, offset: 0, expected: "at most \(limit) bytes", found: "\(file.size)")
  }
  do throws(BytesError) { return try file.readAll(limit: limit) } catch { throw .bytes(file: path, error) }
}

/// Whether something has that name.
func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

/// Whether a name from a file is a plain file name: no way out of the folder.
public func isPlainFileName(_ name: String) -> Bool {
  !name.isEmpty && name != "." && name != ".." && name.utf8.count <= 255
    && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") || $0 == 0 }
}

/// Byte order, which is what the formats mean by order (String's own is Unicode's).
func precedes(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }

func isSame(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }
