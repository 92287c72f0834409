// swift-format-ignore-file: AlwaysUseLowerCamelCase
public import CLimequat
internal import Limequat
internal import LimequatBytes

@c @implementation
public func lmq_session_embed_labels(
  _ session: OpaquePointer!, _ labels: UnsafePointer<UnsafePointer<CChar>?>!, _ label_count: Int,
  _ templates: UnsafePointer<UnsafePointer<CChar>?>!, _ template_count: Int,
  _ out_vectors: UnsafeMutablePointer<Float>!, _ vector_floats: Int,
  _ error: UnsafeMutablePointer<lmq_error>!
) -> lmq_status {
  answer(error) { () throws(CallError) in
    let session = try LimequatABI.session(session)
    try checkArray(labels, label_count, "labels")
    try checkArray(templates, template_count, "templates")
    try checkRoom(vector_floats, label_count, session.model.embeddingSize, "vector_floats")
    let vectors = try array(out_vectors, vector_floats, "out_vectors")
    let labels = try texts(labels, label_count, "labels")
    let templates = try texts(templates, template_count, "templates")
    try limequat { () throws(LimequatError) in
      try session.embed(labels: labels, templates: templates, into: vectors)
    }
    try checkMemory()
  }
}

@c @implementation
public func lmq_session_score(
  _ session: OpaquePointer!, _ image_vectors: UnsafePointer<Float>!, _ image_count: Int,
  _ label_vectors: UnsafePointer<Float>!, _ label_count: Int, _ out_scores: UnsafeMutablePointer<Float>!,
  _ score_count: Int, _ error: UnsafeMutablePointer<lmq_error>!
) -> lmq_status {
  answer(error) { () throws(CallError) in
    let session = try LimequatABI.session(session)
    let width = session.model.embeddingSize
    let images = try array(image_vectors, try floats(image_count, width, "image_count"), "image_vectors")
    let labels = try array(label_vectors, try floats(label_count, width, "label_count"), "label_vectors")
    try checkRoom(score_count, image_count, label_count, "score_count")
    let scores = try array(out_scores, score_count, "out_scores")
    try checkApart(
      UnsafeRawBufferPointer(scores), "out_scores", UnsafeRawBufferPointer(images), "image_vectors")
    try checkApart(
      UnsafeRawBufferPointer(scores), "out_scores", UnsafeRawBufferPointer(labels), "label_vectors")
    try limequat { () throws(LimequatError) in
      try session.score(images: images, labels: labels, into: scores)
    }
  }
}

@c @implementation
public func lmq_session_classify(
  _ session: OpaquePointer!, _ images: UnsafePointer<lmq_image>!, _ image_count: Int,
  _ labels: UnsafePointer<UnsafePointer<CChar>?>!, _ label_count: Int,
  _ templates: UnsafePointer<UnsafePointer<CChar>?>!, _ template_count: Int,
  _ out_scores: UnsafeMutablePointer<Float>!, _ score_count: Int,
  _ error: UnsafeMutablePointer<lmq_error>!
) -> lmq_status {
  answer(error) { () throws(CallError) in
    let session = try LimequatABI.session(session)
    let array = try array(images, image_count, "images")
    try checkArray(labels, label_count, "labels")
    try checkArray(templates, template_count, "templates")
    try checkRoom(score_count, image_count, label_count, "score_count")
    let scores = try LimequatABI.array(out_scores, score_count, "out_scores")
    let views = try imageViews(array, apartFrom: UnsafeRawBufferPointer(scores), "out_scores")
    let labels = try texts(labels, label_count, "labels")
    let templates = try texts(templates, template_count, "templates")
    try limequat { () throws(LimequatError) in
      try session.classify(images: views, labels: labels, templates: templates, into: scores)
    }
    try checkMemory()
  }
}

/// Floats of `count` vectors.
private func floats(_ count: Int, _ width: Int, _ name: StaticString) throws(CallError) -> Int {
  let (floats, overflow) = count.multipliedReportingOverflow(by: width)
  guard count >= 0, !overflow else {
    throw .argument("\(name) is \(UInt(bitPattern: count)): no memory has so many vectors")
  }
  return floats
}
