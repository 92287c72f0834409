internal import LimequatBytes

/// The calls of a session on arrays and Strings. Rows of results are in the order of what was given.
extension Session {
  /// A unit vector for each image, by the signature `image`. Images may have any size, each its own. The
  /// corresponding C function is `lmq_session_embed_images`.
  public func embed(images: [RGBImage]) throws(LimequatError) -> [[Float]] {
    let views = try Session.views(images)
    let result = try rows(images.count, model.embeddingSize) { (vectors) throws(LimequatError) in
      try embed(images: views, into: vectors)
    }
    withExtendedLifetime(images) {}
    return result
  }

  /// A unit vector for each text, by the signature `text`. The corresponding C function is
  /// `lmq_session_embed_texts`.
  public func embed(texts: [String]) throws(LimequatError) -> [[Float]] {
    let names = try Names.make(texts)
    return try rows(texts.count, model.embeddingSize) { (vectors) throws(LimequatError) in
      try embed(texts: names.table, into: vectors)
    }
  }

  /// The ids that the signature `text` sees, padded: a row of ``Model/tokenCount`` for each text. The
  /// corresponding C function is `lmq_session_tokenize`.
  public func tokenize(_ texts: [String]) throws(LimequatError) -> [[Int32]] {
    let names = try Names.make(texts)
    return try rows(texts.count, model.tokenCount) { (ids) throws(LimequatError) in
      try tokenize(texts: names.table, into: ids)
    }
  }

  /// A unit vector for each label: every template with the label in the place of `{}` is embedded and
  /// normalised, and the mean of a label's prompts is normalised. No templates: the label itself. The
  /// corresponding C function is `lmq_session_embed_labels`.
  public func embed(labels: [String], templates: [String] = []) throws(LimequatError) -> [[Float]] {
    let labelNames = try Names.make(labels)
    let templateNames = try Names.make(templates)
    return try rows(labels.count, model.embeddingSize) { (vectors) throws(LimequatError) in
      try embed(labels: labelNames.table, templates: templateNames.table, into: vectors)
    }
  }

  /// The probability of each label for each image: a softmax over the labels of exp(logitScale) * dot. The
  /// corresponding C function is `lmq_session_classify`.
  public func classify(
    images: [RGBImage], labels: [String], templates: [String] = []
  ) throws(LimequatError) -> [[Float]] {
    let views = try Session.views(images)
    let labelNames = try Names.make(labels)
    let templateNames = try Names.make(templates)
    let result = try rows(images.count, labels.count) { (scores) throws(LimequatError) in
      try classify(images: views, labels: labelNames.table, templates: templateNames.table, into: scores)
    }
    withExtendedLifetime(images) {}
    return result
  }

  /// The same for vectors that were embedded before. The corresponding C function is `lmq_session_score`.
  public func score(images: [[Float]], labels: [[Float]]) throws(LimequatError) -> [[Float]] {
    let imageVectors = try flat(images, "images")
    let labelVectors = try flat(labels, "labels")
    return try rows(images.count, labels.count) { (scores) throws(LimequatError) in
      let result: Result<Void, LimequatError> = imageVectors.withUnsafeBufferPointer { images in
        labelVectors.withUnsafeBufferPointer { labels in
          do throws(LimequatError) {
            return .success(try score(images: images, labels: labels, into: scores))
          } catch { return .failure(error) }
        }
      }
      try result.get()
    }
  }

  private func flat(_ vectors: [[Float]], _ name: String) throws(LimequatError) -> [Float] {
    var result: [Float] = []
    result.reserveCapacity(vectors.count * model.embeddingSize)
    for vector in vectors {
      guard vector.count == model.embeddingSize else {
        throw LimequatError(
          .shape, "\(name) has a vector of \(vector.count) floats, expected \(model.embeddingSize)")
      }
      result.append(contentsOf: vector)
    }
    return result
  }

  private static func views(_ images: [RGBImage]) throws(LimequatError) -> Table<ImageView> {
    var views = try limequat { () throws(BytesError) in try Table<ImageView>(capacity: images.count) }
    for image in images { views.append(image.view) }
    return views
  }

  /// Memory for `count` rows, filled by `body`, as arrays.
  private func rows<Element>(
    _ count: Int, _ width: Int,
    _ body: (UnsafeMutableBufferPointer<Element>) throws(LimequatError) -> Void
  ) throws(LimequatError) -> [[Element]] {
    let memory = try room(count, width, MemoryLayout<Element>.stride)
    let elements = UnsafeMutableBufferPointer(
      start: memory.start.bindMemory(to: Element.self, capacity: count * width), count: count * width)
    try body(elements)
    var rows: [[Element]] = []
    rows.reserveCapacity(count)
    for index in 0..<count { rows.append(Array(elements[index * width..<(index + 1) * width])) }
    return rows
  }
}

/// Strings as names, which keep their bytes together.
final class Names {
  private let bytes: Buffer
  let table: Table<Name>

  private init(bytes: consuming Buffer, table: consuming Table<Name>) {
    self.bytes = bytes
    self.table = table
  }

  static func make(_ strings: [String]) throws(LimequatError) -> Names {
    var size = 0
    for string in strings { size += string.utf8.count }
    let bytes = try limequat { [size] () throws(BytesError) in try Buffer(size: size) }
    var table = try limequat { () throws(BytesError) in try Table<Name>(capacity: strings.count) }
    var end = 0
    for string in strings {
      let start = end
      for byte in string.utf8 {
        bytes.bytes[end] = byte
        end += 1
      }
      table.append(Name(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes.bytes)[start..<end])))
    }
    return Names(bytes: bytes, table: table)
  }
}
