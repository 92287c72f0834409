internal import Limequat
internal import LimequatBytes

/// From names of files and texts to vectors.
struct Embedder {
  let model: Model
  let session: Session
  /// Called after each call of the runtime, with the modality of its inputs.
  var observe: (Session, String) throws(LimequatError) -> Void = { _, _ in }

  init(_ model: Model, tracesRouting: Bool = false) throws(Fault) {
    self.model = model
    var options = Session.Options(imagesAtOnce: Embedder.imagesAtOnce, textsAtOnce: Embedder.textsAtOnce)
    options.tracesRouting = tracesRouting
    session = try Fault.calling { () throws(LimequatError) in try model.makeSession(options: options) }
  }

  /// Inputs of one call, unless the model needs the whole batch in one; of images, the files held in memory.
  private static let imagesAtOnce = 8
  private static let textsAtOnce = 32

  /// Cuts `count` inputs into the ranges that are one call each.
  private func calls(_ signature: StaticString, _ count: Int, atOnce: Int) -> [Range<Int>] {
    let step = model.dependsOnBatch(Name(signature)) ? max(count, 1) : atOnce
    return stride(from: 0, to: count, by: step).map { $0..<min($0 + step, count) }
  }

  /// `vectors` is (paths, embedding size). Each file is read just before it is used.
  func embed(images paths: [String], into vectors: UnsafeMutableBufferPointer<Float>) throws(Fault) {
    let width = model.embeddingSize
    for call in calls("image", paths.count, atOnce: Embedder.imagesAtOnce) {
      try Embedder.withImages(Array(paths[call])) { (images) throws(Fault) in
        try Fault.calling { () throws(LimequatError) in
          try session.embed(
            images: images,
            into: .init(rebasing: vectors[(call.lowerBound * width)..<(call.upperBound * width)]))
        }
      }
      try Fault.calling { () throws(LimequatError) in try observe(session, "image") }
      Console.progress("\(call.upperBound) of \(paths.count) images")
    }
    Console.endProgress()
  }

  /// `vectors` is (texts, embedding size).
  func embed(texts: [String], into vectors: UnsafeMutableBufferPointer<Float>) throws(Fault) {
    let width = model.embeddingSize
    for call in calls("text", texts.count, atOnce: Embedder.textsAtOnce) {
      try Embedder.withNames(Array(texts[call])) { (names) throws(Fault) in
        try Fault.calling { () throws(LimequatError) in
          try session.embed(
            texts: names,
            into: .init(rebasing: vectors[(call.lowerBound * width)..<(call.upperBound * width)]))
        }
      }
      try Fault.calling { () throws(LimequatError) in try observe(session, "text") }
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
