package import LimequatBytes
internal import LimequatContainer
internal import LimequatRuntime
internal import LimequatTensor
internal import LimequatVision

/// From pixels to vectors.
extension Session {
  /// Unit vectors of images, by the signature `image`: `vectors` has images.count * embeddingSize floats,
  /// row by row. Images may have any size, each its own.
  package func embed(
    images: borrowing Table<ImageView>, into vectors: UnsafeMutableBufferPointer<Float>
  ) throws(LimequatError) {
    try enter(items: images.count)
    defer { leave() }
    try embedImages(images, into: vectors)
  }

  /// What the first input of a signature sees of images: (image, row, column, channel) floats.
  package func preprocess(
    signature: Int, images: borrowing Table<ImageView>, into pixels: UnsafeMutableBufferPointer<Float>
  ) throws(LimequatError) {
    try enter()
    defer { leave() }
    let facts = try self.facts(of: signature)
    let preprocessing = try facts.requiredPreprocessing()
    let each = preprocessing.height * preprocessing.width * 3  // C29: sides are small
    for index in 0..<images.count {
      try checkCancelled()
      guard let image = images[index] else { continue }
      try Session.preprocess(image, index, preprocessing, try rows(of: pixels, from: index, width: each))
    }
  }

  func embedImages(
    _ images: borrowing Table<ImageView>, into vectors: UnsafeMutableBufferPointer<Float>
  ) throws(LimequatError) {
    let (signature, facts) = try embedding(Model.imageName, into: vectors, count: images.count)
    let preprocessing = try facts.requiredPreprocessing()
    guard images.count > 0 else { return }
    let (height, width) = (preprocessing.height, preprocessing.width)
    let each = height * width * 3  // C29: sides are small
    let pieceSize = pieceSize(facts, count: images.count, atOnce: options.imagesAtOnce.nonZero(or: 8))
    let memory = try room(pieceSize, each, MemoryLayout<Float>.stride)
    let pixels = UnsafeMutableBufferPointer(
      start: memory.start.bindMemory(to: Float.self, capacity: pieceSize * each), count: pieceSize * each)
    var first = 0
    while first < images.count {
      let count = min(pieceSize, images.count - first)
      for index in 0..<count {
        try checkCancelled()
        guard let image = images[first + index] else { continue }
        try Session.preprocess(
          image, first + index, preprocessing, try rows(of: pixels, from: index, width: each))
      }
      let input = TensorView(
        type: .f32, shape: Shape(of: count, height, width, 3),
        bytes: UnsafeRawBufferPointer(start: memory.start, count: count * each * MemoryLayout<Float>.stride))
      try run(
        signature, input, into: try rows(of: vectors, from: first, count: count, width: model.embeddingSize))
      first += count
    }
  }

  private static func preprocess(
    _ image: ImageView, _ index: Int, _ preprocessing: ImagePreprocessing,
    _ output: UnsafeMutableBufferPointer<Float>
  ) throws(LimequatError) {
    do throws(VisionError) {
      try LimequatVision.preprocess(image.pixels, preprocessing.options, into: output)
    } catch { throw LimequatError(error).prefixed("images[\(index)]") }
  }
}

extension Model {
  /// Floats of an image as the first input of a signature sees it.
  package func pixelFloats(ofSignature index: Int) throws(LimequatError) -> Int {
    guard let facts = signature(at: index) else {
      throw LimequatError(.notFound, "there is no signature \(index): the model has \(signatureCount)")
    }
    let preprocessing = try facts.requiredPreprocessing()
    return preprocessing.height * preprocessing.width * 3  // C29: sides are small
  }
}

extension SignatureFacts {
  func requiredPreprocessing() throws(LimequatError) -> ImagePreprocessing {
    guard let found = imagePreprocessing else {
      throw LimequatError(
        .unsupported, "signature \"\(name.text)\" has no image preprocessing: it takes ready tensors only")
    }
    return found
  }
}

extension Int {
  func nonZero(or other: Int) -> Int { self == 0 ? other : self }
}
