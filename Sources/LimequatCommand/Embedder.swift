internal import Limequat
internal import LimequatBytes

/// From names of files and texts to vectors.
struct Embedder {
  let model: Model
  let session: Session

  init(_ model: Model) throws(Fault) {
    self.model = model
    session = try Fault.calling { () throws(LimequatError) in try model.makeSession() }
  }

  /// Files whose pixels are held at once, unless the model needs the whole batch in one call.
  private static let filesAtOnce = 8

  /// `vectors` is (paths, embedding size). Each file is read just before it is used.
  func embed(images paths: [String], into vectors: UnsafeMutableBufferPointer<Float>) throws(Fault) {
    let atOnce = model.dependsOnBatch(Name("image")) ? paths.count : Embedder.filesAtOnce
    var first = 0
    while first < paths.count {
      let piece = Array(paths[first..<min(first + atOnce, paths.count)])
      let width = model.embeddingSize
      try Embedder.withImages(piece) { (images) throws(Fault) in
        try Fault.calling { () throws(LimequatError) in
          try session.embed(
            images: images,
            into: .init(rebasing: vectors[(first * width)..<((first + piece.count) * width)]))
        }
      }
      first += piece.count
      if first < paths.count { Console.progress("\(first) of \(paths.count) images") }
    }
    Console.endProgress()
  }

  /// `vectors` is (texts, embedding size).
  func embed(texts: [String], into vectors: UnsafeMutableBufferPointer<Float>) throws(Fault) {
    guard !texts.isEmpty else { return }
    try Embedder.withNames(texts) { (names) throws(Fault) in
      try Fault.calling { () throws(LimequatError) in try session.embed(texts: names, into: vectors) }
    }
  }

  /// The decoded files, valid in `body`.
  static func withImages<R>(
    _ paths: [String], _ body: (borrowing Table<ImageView>) throws(Fault) -> R
  ) throws(Fault) -> R {
    var files: [ImageFile] = []
    for path in paths { files.append(try ImageFile.read(path: path)) }
    defer { withExtendedLifetime(files) {} }
    var images = try Fault.reading("memory") { () throws(BytesError) in
      try Table<ImageView>(capacity: files.count)
    }
    for file in files {
      guard let start = file.rgb.baseAddress else { continue }
      images.append(ImageView(start: start, width: file.width, height: file.height))
    }
    return try body(images)
  }

  /// Strings as borrowed bytes, valid in `body`.
  static func withNames<R>(
    _ texts: [String], _ body: (borrowing Table<Name>) throws(Fault) -> R
  ) throws(Fault) -> R {
    // All bytes in one array that does not move while the names borrow from it.
    let bytes = texts.flatMap { Array($0.utf8) }
    let result: Result<R, Fault> = bytes.withUnsafeBytes { all in
      do throws(Fault) {
        var names = try Fault.reading("memory") { () throws(BytesError) in
          try Table<Name>(capacity: texts.count)
        }
        var start = 0
        for text in texts {
          let count = text.utf8.count
          names.append(Name(UnsafeRawBufferPointer(rebasing: all[start..<(start + count)])))
          start += count
        }
        return .success(try body(names))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}
