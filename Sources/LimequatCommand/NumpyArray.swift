internal import LimequatBytes
internal import LimequatTensor

/// An array of a .npy file: f32, i32 or i64, little-endian, row-major.
final class NumpyArray {
  let type: ElementType
  let shape: Shape
  private let buffer: Buffer

  /// The content is not initialised.
  init(type: ElementType, shape: Shape) throws(Fault) {
    let size = try NumpyArray.size(type, shape)
    self.type = type
    self.shape = shape
    buffer = try Fault.reading("memory") { () throws(BytesError) in try Buffer(size: size) }
  }

  private static func size(_ type: ElementType, _ shape: Shape) throws(Fault) -> Int {
    guard let size = storedSize(type: type, layout: .rows, shape: shape) else {
      throw .input("an array of shape \(shape) does not fit into memory")
    }
    return size
  }

  /// The elements, (shape), row-major.
  var bytes: UnsafeMutableRawBufferPointer { buffer.bytes }

  /// The elements of an f32 array. Valid while the array lives: do not take them from a temporary.
  var floats: UnsafeMutableBufferPointer<Float> { bytes.bindMemory(to: Float.self) }

  /// The elements of row `index` of an f32 array, (rows, count).
  func row(_ index: Int) -> [Float] {
    let count = shape[1]
    return Array(floats[(index * count)..<((index + 1) * count)])
  }

  static func read(path: String) throws(Fault) -> NumpyArray {
    let file = try Fault.reading(path) { () throws(BytesError) in try File.open(path: path) }
    let header = try NumpyHeader.read(file, path: path)
    let size = try NumpyArray.size(header.type, header.shape)
    guard file.size - header.size == size else {
      throw .input(
        "\(path): shape \(header.shape) of \(header.type) takes \(size) bytes, "
          + "but \(file.size - header.size) follow the header")
    }
    let array = try NumpyArray(type: header.type, shape: header.shape)
    try Fault.reading(path) { () throws(BytesError) in try file.read(at: header.size, into: array.bytes) }
    return array
  }

  func write(path: String) throws(Fault) {
    let header = NumpyHeader(type: type, shape: shape).encoded()
    try Fault.writing(path) { () throws(BytesError) in
      let file = try AtomicFile.create(path: path)
      let written: Result<Void, BytesError> = header.withUnsafeBytes { bytes in
        do throws(BytesError) { return .success(try file.write(bytes, at: 0)) } catch {
          return .failure(error)
        }
      }
      try written.get()
      try file.write(UnsafeRawBufferPointer(bytes), at: header.count)
      try file.commit()
    }
  }
}
