internal import LimequatBytes

/// A file seen through a small window, so that a structure spread over gigabytes is walked without loading
/// what lies between.
final class FileWindow {
  private static let windowSize = 16 << 10
  let path: String
  let file: File
  private let buffer: Buffer
  private var held = 0..<0

  private init(path: String, file: File, buffer: consuming Buffer) {
    self.path = path
    self.file = file
    self.buffer = buffer
  }

  static func open(_ path: String) throws(CheckpointError) -> FileWindow {
    let file = try openFile(path)
    do throws(BytesError) {
      return FileWindow(path: path, file: file, buffer: try Buffer(size: windowSize))
    } catch {
      throw .bytes(file: path, error)
    }
  }

  /// The byte at `offset`, which must be inside the file.
  func byte(at offset: Int) throws(CheckpointError) -> UInt8 {
    if !held.contains(offset) {
      let count = min(Self.windowSize, max(file.size - offset, 0))
      held = 0..<0
      do throws(BytesError) {
        guard count > 0, offset >= 0 else { throw .outOfBounds(offset: offset, wanted: 1, size: file.size) }
        try file.read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<count]))
      } catch {
        throw .bytes(file: path, error)
      }
      held = offset..<offset + count
    }
    return buffer.bytes[offset - held.lowerBound]
  }
}
