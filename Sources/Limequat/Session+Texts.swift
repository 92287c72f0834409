package import LimequatBytes
internal import LimequatContainer
internal import LimequatRuntime
internal import LimequatTensor
internal import LimequatText

/// From texts to ids and vectors.
extension Session {
  /// Unit vectors of texts, by the signature `text`: `vectors` has texts.count * embeddingSize floats, row by
  /// row.
  package func embed(
    texts: borrowing Table<Name>, into vectors: UnsafeMutableBufferPointer<Float>
  ) throws(LimequatError) {
    try enter(items: texts.count)
    defer { leave() }
    let (signature, facts) = try embedding(Model.textName, into: vectors, count: texts.count)
    guard texts.count > 0 else { return }
    let batch = try TextBatch.make(self, signature, facts, count: texts.count)
    var first = 0
    while first < texts.count {
      let count = min(batch.capacity, texts.count - first)
      for index in 0..<count {
        guard let text = texts[first + index] else { continue }
        try batch.encode(text, at: index, what: "texts", number: first + index)
      }
      try run(
        signature, batch.input(count: count),
        into: try rows(of: vectors, from: first, count: count, width: model.embeddingSize))
      first += count
    }
  }

  /// The ids that the signature `text` sees: `ids` has texts.count * tokenCount places, row by row.
  package func tokenize(
    texts: borrowing Table<Name>, into ids: UnsafeMutableBufferPointer<Int32>
  ) throws(LimequatError) {
    try enter()
    defer { leave() }
    guard let index = model.signatureIndex(Model.textName) else {
      throw LimequatError(.unsupported, "the model has no signature \"text\"")
    }
    let tokenizer = try model.tokenizer(of: try facts(of: index))
    let length = tokenizer.options.maxLength
    let (expected, overflow) = texts.count.multipliedReportingOverflow(by: length)
    guard !overflow, ids.count == expected else {
      throw LimequatError(
        .shape, "there is room for \(ids.count) ids, expected \(texts.count) rows of \(length)")
    }
    for index in 0..<texts.count {
      try checkCancelled()
      guard let text = texts[index] else { continue }
      let row = UnsafeMutableBufferPointer(rebasing: ids[index * length..<(index + 1) * length])
      do throws(TextError) { _ = try tokenizer.encode(text.bytes, into: row) } catch {
        throw LimequatError(error).prefixed("texts[\(index)]")
      }
    }
  }

  /// One vector for each label (see ``Prompts``): its prompts are embedded, each is normalised, and their
  /// mean is normalised. The sum is in the order of the templates.
  func embedLabels(
    _ labels: borrowing Table<Name>, _ templates: borrowing Table<Name>,
    into vectors: UnsafeMutableBufferPointer<Float>
  ) throws(LimequatError) {
    let (signature, facts) = try embedding(Model.textName, into: vectors, count: labels.count)
    let prompts = try Prompts.make(labels: labels, templates: templates)
    guard labels.count > 0 else { return }
    let perLabel = prompts.count / labels.count
    let width = model.embeddingSize
    let batch = try TextBatch.make(self, signature, facts, count: prompts.count)
    let memory = try room(batch.capacity, width, MemoryLayout<Float>.stride)
    let piece = UnsafeMutableBufferPointer(
      start: memory.start.bindMemory(to: Float.self, capacity: batch.capacity * width),
      count: batch.capacity * width)
    vectors.initialize(repeating: 0)
    var first = 0
    while first < prompts.count {
      let count = min(batch.capacity, prompts.count - first)
      for index in 0..<count {
        guard let prompt = prompts[first + index] else { continue }
        try batch.encode(prompt, at: index, what: "labels", number: (first + index) / perLabel)
      }
      try run(
        signature, batch.input(count: count), into: try rows(of: piece, from: 0, count: count, width: width))
      for index in 0..<count {
        let prompt = try rows(of: piece, from: index, width: width)
        let label = try rows(of: vectors, from: (first + index) / perLabel, width: width)
        normalise(prompt)
        for j in 0..<width { label[j] = label[j] + prompt[j] }
      }
      first += count
    }
    for index in 0..<labels.count {
      let label = try rows(of: vectors, from: index, width: width)
      for j in 0..<width { label[j] = label[j] / Float(perLabel) }
      normalise(label)
    }
  }
}

/// The ids of a piece of a batch.
private final class TextBatch {
  /// Texts of a piece.
  let capacity: Int
  private let tokenizer: UnigramTokenizer
  /// Ids of a text.
  private let length: Int
  private let ids: Buffer

  private init(capacity: Int, tokenizer: UnigramTokenizer, ids: consuming Buffer) {
    self.capacity = capacity
    self.tokenizer = tokenizer
    length = tokenizer.options.maxLength
    self.ids = ids
  }

  static func make(
    _ session: Session, _ signature: Int, _ facts: SignatureFacts, count: Int
  ) throws(LimequatError) -> TextBatch {
    let tokenizer = try session.model.tokenizer(of: facts)
    let capacity = session.pieceSize(
      facts, count: count, atOnce: session.options.textsAtOnce.nonZero(or: 32))
    return TextBatch(
      capacity: capacity, tokenizer: tokenizer,
      ids: try session.room(capacity, tokenizer.options.maxLength, MemoryLayout<Int32>.stride))
  }

  /// `index` is below `capacity`. Errors name the text as `what[number]`.
  func encode(
    _ text: Name, at index: Int, what: StaticString, number: Int
  ) throws(LimequatError) {
    let row = (ids.start + index * length * MemoryLayout<Int32>.stride)
      .bindMemory(to: Int32.self, capacity: length)
    do throws(TextError) {
      _ = try tokenizer.encode(text.bytes, into: UnsafeMutableBufferPointer(start: row, count: length))
    } catch { throw LimequatError(error).prefixed("\(what)[\(number)]") }
  }

  func input(count: Int) -> TensorView {
    TensorView(
      type: .i32, shape: Shape(of: count, length),
      bytes: UnsafeRawBufferPointer(start: ids.start, count: count * length * MemoryLayout<Int32>.stride))
  }
}
