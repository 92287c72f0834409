package import LimequatBytes

/// Zero-shot classification.
extension Session {
  /// One unit vector for each label: every template with the label in the place of `{}` is embedded and
  /// normalised, and the mean of a label's prompts is normalised. No templates: the label itself.
  package func embed(
    labels: borrowing Table<Name>, templates: borrowing Table<Name>,
    into vectors: UnsafeMutableBufferPointer<Float>
  ) throws(LimequatError) {
    try enter(items: prompts(labels.count, templates.count))
    defer { leave() }
    try embedLabels(labels, templates, into: vectors)
  }

  /// The probability of each label for each image: a softmax over the labels of exp(logitScale) * dot.
  /// `scores` has a row for each image.
  package func score(
    images: UnsafeBufferPointer<Float>, labels: UnsafeBufferPointer<Float>,
    into scores: UnsafeMutableBufferPointer<Float>
  ) throws(LimequatError) {
    try enter()
    defer { leave() }
    try scoreRows(images, labels, into: scores)
  }

  /// Labels and images embedded, then scored.
  package func classify(
    images: borrowing Table<ImageView>, labels: borrowing Table<Name>, templates: borrowing Table<Name>,
    into scores: UnsafeMutableBufferPointer<Float>
  ) throws(LimequatError) {
    try enter(items: images.count &+ prompts(labels.count, templates.count))
    defer { leave() }
    guard model.logitScale != nil else { throw Session.noLogitScale }
    let width = model.embeddingSize
    let imageMemory = try room(images.count, width, MemoryLayout<Float>.stride)
    let labelMemory = try room(labels.count, width, MemoryLayout<Float>.stride)
    let imageVectors = UnsafeMutableBufferPointer(
      start: imageMemory.start.bindMemory(to: Float.self, capacity: images.count * width),
      count: images.count * width)
    let labelVectors = UnsafeMutableBufferPointer(
      start: labelMemory.start.bindMemory(to: Float.self, capacity: labels.count * width),
      count: labels.count * width)
    try embedLabels(labels, templates, into: labelVectors)
    try embedImages(images, into: imageVectors)
    try scoreRows(UnsafeBufferPointer(imageVectors), UnsafeBufferPointer(labelVectors), into: scores)
  }

  /// Wrapping: more prompts than an Int counts are refused when they are made.
  private func prompts(_ labels: Int, _ templates: Int) -> Int { labels &* max(1, templates) }

  private static var noLogitScale: LimequatError {
    LimequatError(.unsupported, "the model has no logit scale: it cannot weigh labels against each other")
  }

  private func scoreRows(
    _ images: UnsafeBufferPointer<Float>, _ labels: UnsafeBufferPointer<Float>,
    into scores: UnsafeMutableBufferPointer<Float>
  ) throws(LimequatError) {
    guard let logitScale = model.logitScale else { throw Session.noLogitScale }
    let width = model.embeddingSize
    guard width > 0 else { throw LimequatError(.unsupported, "the model gives no embeddings") }
    guard images.count % width == 0, labels.count % width == 0 else {
      throw LimequatError(.shape, "vectors of another size than \(width) floats")
    }
    let (imageCount, labelCount) = (images.count / width, labels.count / width)
    let (expected, overflow) = imageCount.multipliedReportingOverflow(by: labelCount)
    guard !overflow, scores.count == expected else {
      throw LimequatError(
        .shape, "there is room for \(scores.count) scores, expected \(imageCount) times \(labelCount)")
    }
    let multiplier = similarityMultiplier(logitScale)
    for i in 0..<imageCount {
      try checkCancelled()
      let image = UnsafeBufferPointer(rebasing: images[i * width..<(i + 1) * width])
      let row = UnsafeMutableBufferPointer(rebasing: scores[i * labelCount..<(i + 1) * labelCount])
      for k in 0..<labelCount {
        row[k] = multiplier * dot(image, UnsafeBufferPointer(rebasing: labels[k * width..<(k + 1) * width]))
      }
      softmax(row)
    }
  }
}
