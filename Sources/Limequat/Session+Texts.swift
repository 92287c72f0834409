package import LimequatBytes
internal import LimequatContainer
internal import LimequatRuntime
internal import LimequatTensor

/// From texts to ids and vectors.
extension Session {
  /// Unit vectors of texts, by the signature `text`: `vectors` has texts.count * embeddingSize floats, row by
  /// row.
  package func embed(
    texts: borrowing Table<Name>, into vectors: UnsafeMutableBufferPointer<Float>
  ) throws(LimequatError) {
    try enter()
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
    let encoder = try encoder(of: try facts(of: index))
    let (expected, overflow) = texts.count.multipliedReportingOverflow(by: encoder.length)
    guard !overflow, ids.count == expected else {
      throw LimequatError(
        .shape, "there is room for \(ids.count) ids, expected \(texts.count) rows of \(encoder.length)")
    }
    for index in 0..<texts.count {
      try checkCancelled()
      guard let text = texts[index] else { continue }
      let start = index * encoder.length
      do throws(LimequatError) {
        try encoder.encode(text, into: UnsafeMutableBufferPointer(rebasing: ids[start..<start + encoder.length]))
      } catch { throw error.prefixed("texts[\(index)]") }
    }
  }

  /// One vector for each label (see ``Prompts``): its prompts are embedded, each is normalised, and their mean is
  /// normalised. The sum is in the order of the templates.
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
      try run(signature, batch.input(count: count), into: try rows(of: piece, from: 0, count: count, width: width))
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

  /// The tokenizer of a signature, made at its first use.
  func encoder(of facts: SignatureFacts) throws(LimequatError) -> TextEncoder {
    if let textEncoder { return textEncoder }
    guard let tokenizer = facts.tokenizer else {
      throw LimequatError(
        .unsupported, "signature \"\(facts.name.text)\" has no tokenizer: it takes token ids only")
    }
    let made = try TextEncoder.make(tokenizer, facts.container)
    textEncoder = made
    return made
  }
}

/// The ids of a piece of a batch.
private final class TextBatch {
  /// Texts of a piece.
  let capacity: Int
  private let encoder: TextEncoder
  private let ids: Buffer

  private init(capacity: Int, encoder: TextEncoder, ids: consuming Buffer) {
    self.capacity = capacity
    self.encoder = encoder
    self.ids = ids
  }

  static func make(
    _ session: Session, _ signature: Int, _ facts: SignatureFacts, count: Int
  ) throws(LimequatError) -> TextBatch {
    let encoder = try session.encoder(of: facts)
    let capacity = session.pieceSize(
      facts, count: count, atOnce: session.options.textsAtOnce.nonZero(or: 32))
    return TextBatch(
      capacity: capacity, encoder: encoder,
      ids: try session.room(capacity, encoder.length, MemoryLayout<Int32>.stride))
  }

  /// `index` is below `capacity`. Errors name the text as `what[number]`.
  func encode(
    _ text: Name, at index: Int, what: StaticString, number: Int
  ) throws(LimequatError) {
    let row = (ids.start + index * encoder.length * MemoryLayout<Int32>.stride)
      .bindMemory(to: Int32.self, capacity: encoder.length)
    do throws(LimequatError) {
      try encoder.encode(text, into: UnsafeMutableBufferPointer(start: row, count: encoder.length))
    } catch { throw error.prefixed("\(what)[\(number)]") }
  }

  func input(count: Int) -> TensorView {
    TensorView(
      type: .i32, shape: Shape(of: count, encoder.length),
      bytes: UnsafeRawBufferPointer(
        start: ids.start, count: count * encoder.length * MemoryLayout<Int32>.stride))
  }
}
