// swift-format-ignore-file: AlwaysUseLowerCamelCase
public import CLimequat
internal import Limequat
internal import LimequatBytes

@c @implementation
public func lmq_session_embed_images(
  _ session: OpaquePointer!, _ images: UnsafePointer<lmq_image>!, _ count: Int,
  _ out_vectors: UnsafeMutablePointer<Float>!, _ vector_floats: Int,
  _ error: UnsafeMutablePointer<lmq_error>!
) -> lmq_status {
  answer(error) { () throws(CallError) in
    let session = try LimequatABI.session(session)
    let array = try array(images, count, "images")
    try checkRoom(vector_floats, count, session.model.embeddingSize, "vector_floats")
    let vectors = try LimequatABI.array(out_vectors, vector_floats, "out_vectors")
    let views = try imageViews(array, apartFrom: UnsafeRawBufferPointer(vectors), "out_vectors")
    try limequat { () throws(LimequatError) in try session.embed(images: views, into: vectors) }
    try checkMemory()
  }
}

@c @implementation
public func lmq_session_preprocess(
  _ session: OpaquePointer!, _ signature: UnsafePointer<CChar>!, _ images: UnsafePointer<lmq_image>!,
  _ count: Int, _ out_pixels: UnsafeMutablePointer<Float>!, _ pixel_floats: Int,
  _ error: UnsafeMutablePointer<lmq_error>!
) -> lmq_status {
  answer(error) { () throws(CallError) in
    let session = try LimequatABI.session(session)
    let index = try signatureIndex(try required(signature, "signature"), of: session.model)
    let array = try array(images, count, "images")
    let each = try limequat { () throws(LimequatError) in try session.model.pixelFloats(ofSignature: index) }
    try checkRoom(pixel_floats, count, each, "pixel_floats")
    let pixels = try LimequatABI.array(out_pixels, pixel_floats, "out_pixels")
    let views = try imageViews(array, apartFrom: UnsafeRawBufferPointer(pixels), "out_pixels")
    try limequat { () throws(LimequatError) in
      try session.preprocess(signature: index, images: views, into: pixels)
    }
    try checkMemory()
  }
}

@c @implementation
public func lmq_session_embed_texts(
  _ session: OpaquePointer!, _ texts: UnsafePointer<UnsafePointer<CChar>?>!, _ sizes: UnsafePointer<Int>!,
  _ count: Int, _ out_vectors: UnsafeMutablePointer<Float>!, _ vector_floats: Int,
  _ error: UnsafeMutablePointer<lmq_error>!
) -> lmq_status {
  answer(error) { () throws(CallError) in
    let session = try LimequatABI.session(session)
    try checkArray(texts, count, "texts")
    try checkRoom(vector_floats, count, session.model.embeddingSize, "vector_floats")
    let vectors = try array(out_vectors, vector_floats, "out_vectors")
    let names = try LimequatABI.texts(texts, sizes: sizes, count, "texts")
    try limequat { () throws(LimequatError) in try session.embed(texts: names, into: vectors) }
    try checkMemory()
  }
}

@c @implementation
public func lmq_session_tokenize(
  _ session: OpaquePointer!, _ texts: UnsafePointer<UnsafePointer<CChar>?>!, _ sizes: UnsafePointer<Int>!,
  _ count: Int, _ out_ids: UnsafeMutablePointer<Int32>!, _ id_count: Int,
  _ error: UnsafeMutablePointer<lmq_error>!
) -> lmq_status {
  answer(error) { () throws(CallError) in
    let session = try LimequatABI.session(session)
    try checkArray(texts, count, "texts")
    guard session.model.tokenCount > 0 else {
      throw .limequat(LimequatError(.unsupported, "the model has no tokenizer"))
    }
    try checkRoom(id_count, count, session.model.tokenCount, "id_count")
    let ids = try array(out_ids, id_count, "out_ids")
    let names = try LimequatABI.texts(texts, sizes: sizes, count, "texts")
    try limequat { () throws(LimequatError) in try session.tokenize(texts: names, into: ids) }
    try checkMemory()
  }
}

/// The caller's images, none of which lies where results are written.
func imageViews(
  _ images: UnsafeBufferPointer<lmq_image>, apartFrom written: UnsafeRawBufferPointer,
  _ writtenName: StaticString
) throws(CallError) -> Table<ImageView> {
  var table = try memory { () throws(BytesError) in try Table<ImageView>(capacity: images.count) }
  for index in 0..<images.count {
    let image = images[index]
    guard let pixels = image.pixels else { throw .argument("images[\(index)].pixels is NULL") }
    let view = ImageView(start: pixels, width: image.width, height: image.height, rowStride: image.stride)
    // Images whose sizes cannot be are refused later, by a message that names the size.
    if let bytes = view.bytes { try checkApart(written, writtenName, bytes, "the pixels of an image") }
    table.append(view)
  }
  return table
}
