internal import CLimequat
internal import Glibc
internal import LimequatABI
internal import LimequatBytes

/// A .lmq file, through the C API as a program would: opened, described, every signature run once, and
/// verified.
func fuzzContainer(_ bytes: UnsafeRawBufferPointer) {
  let file = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
  defer { file.deallocate() }
  file.copyMemory(from: bytes)
  // As it is, which most often ends at a checksum; then as a liar would write it, without looking at weights,
  // in memory and read within a budget.
  use(UnsafeRawBufferPointer(file), verify: LMQ_VERIFY_DEFAULT)
  mendChecksums(file)
  use(UnsafeRawBufferPointer(file), verify: LMQ_VERIFY_NEVER)
  guard let descriptor = ScratchFolder.unnamedFile() else { return }
  defer { close(descriptor) }
  if write(descriptor, file.baseAddress, file.count) == file.count {
    use(UnsafeRawBufferPointer(file), verify: LMQ_VERIFY_NEVER, descriptor: descriptor)
  }
}

private func use(_ file: UnsafeRawBufferPointer, verify: lmq_verify, descriptor: Int32? = nil) {
  var options = lmq_options()
  options.struct_size = MemoryLayout<lmq_options>.size
  options.threads = 1
  options.verify = verify
  var error = lmq_error()
  var model: OpaquePointer?
  if let descriptor {
    options.memory_budget = 100_000
    guard lmq_model_open_descriptor(descriptor, &options, &model, &error) == LMQ_OK else { return }
  } else {
    guard lmq_model_open_memory(file.baseAddress, file.count, &options, &model, &error) == LMQ_OK else {
      return
    }
  }
  defer { lmq_model_close(model) }
  var facts = lmq_model_facts()
  facts.struct_size = MemoryLayout<lmq_model_facts>.size
  guard lmq_model_describe(model, &facts, &error) == LMQ_OK else { return }
  for index in 0..<facts.metadata_count {
    var key: UnsafePointer<CChar>?
    var value: UnsafePointer<CChar>?
    if lmq_model_metadata(model, index, &key, &value, &error) == LMQ_OK, let key, let value {
      _ = strlen(key) + strlen(value)
    }
  }
  var session: OpaquePointer?
  guard lmq_session_open(model, nil, &session, &error) == LMQ_OK else { return }
  defer { lmq_session_close(session) }
  embed(session, facts)
  for index in 0..<facts.signature_count { run(model, session, index) }
  options.verify = LMQ_VERIFY_OPEN
  options.memory_budget = 0
  var verified: OpaquePointer?
  _ = lmq_model_open_memory(file.baseAddress, file.count, &options, &verified, &error)
  lmq_model_close(verified)
}

/// The most that the caller asks for: floats of vectors, ids, elements of an input.
private let most = 1 << 16

private func embed(_ session: OpaquePointer?, _ facts: lmq_model_facts) {
  var error = lmq_error()
  guard facts.embedding_size <= most else { return }
  var vector = [Float](repeating: 0, count: facts.embedding_size)
  let pixels = [UInt8](repeating: 100, count: 45)
  pixels.withUnsafeBufferPointer { pixels in
    var image = lmq_image(pixels: pixels.baseAddress, width: 5, height: 3, stride: 0)
    _ = lmq_session_embed_images(session, &image, 1, &vector, vector.count, &error)
  }
  "a Photo of  seven \u{E9}".withCString { text in
    var texts: UnsafePointer<CChar>? = text
    if facts.token_count <= most {
      var ids = [Int32](repeating: 0, count: facts.token_count)
      _ = lmq_session_tokenize(session, &texts, nil, 1, &ids, ids.count, &error)
    }
    _ = lmq_session_embed_texts(session, &texts, nil, 1, &vector, vector.count, &error)
  }
}

/// Runs a signature on inputs of zeros, with 1 for each free dim, for its first output.
private func run(_ model: OpaquePointer?, _ session: OpaquePointer?, _ index: Int) {
  var error = lmq_error()
  var facts = lmq_signature_facts()
  facts.struct_size = MemoryLayout<lmq_signature_facts>.size
  guard lmq_model_describe_signature(model, index, &facts, &error) == LMQ_OK else { return }
  let zeros = UnsafeMutableRawPointer.allocate(byteCount: 8 * most, alignment: 64)
  defer { zeros.deallocate() }
  zeros.initializeMemory(as: UInt8.self, repeating: 0, count: 8 * most)
  var inputs: [lmq_input] = []
  for number in 0..<facts.input_count {
    var tensor = lmq_tensor_facts()
    tensor.struct_size = MemoryLayout<lmq_tensor_facts>.size
    guard lmq_model_describe_input(model, index, number, &tensor, &error) == LMQ_OK else { return }
    if tensor.is_optional != 0 { continue }
    var input = lmq_input()
    input.name = tensor.name
    input.type = tensor.type
    input.rank = tensor.rank
    var size = elementSize(tensor.type)
    withUnsafeMutableBytes(of: &tensor.dims) { raw in
      let dims = raw.bindMemory(to: Int64.self)
      for axis in 0..<Int(tensor.rank) {
        if dims[axis] < 0 { dims[axis] = 1 }
        let (product, overflow) = size.multipliedReportingOverflow(by: Int(dims[axis]))
        size = overflow ? .max : product
      }
    }
    guard size <= 8 * most else { return }
    input.dims = tensor.dims
    input.data = UnsafeRawPointer(zeros)
    input.size = size
    inputs.append(input)
  }
  var tensor = lmq_tensor_facts()
  tensor.struct_size = MemoryLayout<lmq_tensor_facts>.size
  guard lmq_model_describe_output(model, index, 0, &tensor, &error) == LMQ_OK else { return }
  var output = lmq_output()
  output.name = tensor.name
  guard lmq_session_plan(session, facts.name, inputs, inputs.count, &output, 1, &error) == LMQ_OK,
    output.size <= 64 * most
  else { return }
  let data = UnsafeMutableRawPointer.allocate(byteCount: output.size, alignment: 64)
  defer { data.deallocate() }
  output.data = data
  _ = lmq_session_run(session, facts.name, inputs, inputs.count, &output, 1, &error)
}

private func elementSize(_ type: lmq_type) -> Int {
  switch type {
  case LMQ_TYPE_I64: 8
  case LMQ_TYPE_F32, LMQ_TYPE_I32: 4
  default: 1
  }
}

/// Writes the size of the file and the checksums of header and manifest that fit (formats/container.md).
private func mendChecksums(_ file: UnsafeMutableRawBufferPointer) {
  guard file.count >= 64 else { return }
  file.storeBytes(of: UInt64(file.count).littleEndian, toByteOffset: 16, as: UInt64.self)
  let offset = UInt64(littleEndian: file.load(fromByteOffset: 24, as: UInt64.self))
  if offset >= 64, offset <= UInt64(file.count) {
    let manifest = UnsafeRawBufferPointer(rebasing: file[Int(offset)...])
    file.storeBytes(of: UInt64(manifest.count).littleEndian, toByteOffset: 32, as: UInt64.self)
    file.storeBytes(of: CRC32C.of(manifest).littleEndian, toByteOffset: 40, as: UInt32.self)
  }
  let header = CRC32C.of(UnsafeRawBufferPointer(rebasing: file[..<60]))
  file.storeBytes(of: header.littleEndian, toByteOffset: 60, as: UInt32.self)
}
