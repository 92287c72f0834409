// swift-format-ignore-file: AlwaysUseLowerCamelCase
public import CLimequat
internal import Limequat
internal import LimequatBytes
internal import LimequatTensor

@c @implementation
public func lmq_model_describe(
  _ model: OpaquePointer!, _ out_facts: UnsafeMutablePointer<lmq_model_facts>!,
  _ error: UnsafeMutablePointer<lmq_error>!
) -> lmq_status {
  answer(error) { () throws(CallError) in
    let model = try LimequatABI.model(model)
    let out = try required(out_facts, "out_facts")
    var facts = lmq_model_facts()
    facts.signature_count = model.signatureCount
    facts.embedding_size = model.embeddingSize
    facts.token_count = model.tokenCount
    facts.metadata_count = model.metadataCount
    facts.file_size = UInt64(clamping: model.fileSize)
    facts.format_major = UInt32(clamping: model.formatVersion.major)
    facts.format_minor = UInt32(clamping: model.formatVersion.minor)
    facts.threads = UInt32(clamping: model.threads)
    facts.has_logit_scale = model.logitScale == nil ? 0 : 1
    facts.logit_scale = model.logitScale ?? 0
    facts.kernels = cString(model.kernelsNameBytes)
    try facts.write(to: out, "out_facts")
  }
}

@c @implementation
public func lmq_model_find_signature(
  _ model: OpaquePointer!, _ name: UnsafePointer<CChar>!, _ out_index: UnsafeMutablePointer<Int>!,
  _ error: UnsafeMutablePointer<lmq_error>!
) -> lmq_status {
  answer(error) { () throws(CallError) in
    let model = try LimequatABI.model(model)
    let name = try required(name, "name")
    let out = try required(out_index, "out_index")
    out.pointee = try signatureIndex(name, of: model)
  }
}

@c @implementation
public func lmq_model_describe_signature(
  _ model: OpaquePointer!, _ index: Int, _ out_facts: UnsafeMutablePointer<lmq_signature_facts>!,
  _ error: UnsafeMutablePointer<lmq_error>!
) -> lmq_status {
  answer(error) { () throws(CallError) in
    let signature = try signature(index, "index", of: try LimequatABI.model(model))
    let out = try required(out_facts, "out_facts")
    var facts = lmq_signature_facts()
    facts.name = cString(signature.name)
    facts.modality = cString(signature.modality)
    facts.input_count = signature.inputCount
    facts.output_count = signature.outputCount
    facts.image_height = signature.imageSize?.height ?? 0
    facts.image_width = signature.imageSize?.width ?? 0
    facts.has_tokenizer = signature.hasTokenizer ? 1 : 0
    try facts.write(to: out, "out_facts")
  }
}

@c @implementation
public func lmq_model_describe_input(
  _ model: OpaquePointer!, _ signature: Int, _ index: Int,
  _ out_facts: UnsafeMutablePointer<lmq_tensor_facts>!, _ error: UnsafeMutablePointer<lmq_error>!
) -> lmq_status {
  answer(error) { () throws(CallError) in
    let facts = try LimequatABI.signature(signature, "signature", of: try LimequatABI.model(model))
    try describe(facts.input(at: index), index, facts.inputCount, "inputs", out_facts)
  }
}

@c @implementation
public func lmq_model_describe_output(
  _ model: OpaquePointer!, _ signature: Int, _ index: Int,
  _ out_facts: UnsafeMutablePointer<lmq_tensor_facts>!, _ error: UnsafeMutablePointer<lmq_error>!
) -> lmq_status {
  answer(error) { () throws(CallError) in
    let facts = try LimequatABI.signature(signature, "signature", of: try LimequatABI.model(model))
    try describe(facts.output(at: index), index, facts.outputCount, "outputs", out_facts)
  }
}

@c @implementation
public func lmq_model_metadata(
  _ model: OpaquePointer!, _ index: Int, _ out_key: UnsafeMutablePointer<UnsafePointer<CChar>?>!,
  _ out_value: UnsafeMutablePointer<UnsafePointer<CChar>?>!, _ error: UnsafeMutablePointer<lmq_error>!
) -> lmq_status {
  answer(error) { () throws(CallError) in
    let model = try LimequatABI.model(model)
    let outKey = try required(out_key, "out_key")
    let outValue = try required(out_value, "out_value")
    guard let entry = model.metadata(at: index) else {
      throw notFound("index", index, model.metadataCount, "metadata entries")
    }
    outKey.pointee = cString(entry.key)
    outValue.pointee = cString(entry.value)
  }
}

/// The signature of this name, as an index.
func signatureIndex(_ name: Name, of model: Model) throws(CallError) -> Int {
  guard let index = model.signatureIndex(name) else {
    throw .limequat(LimequatError(.notFound, "the model has no signature \"\(name.text)\""))
  }
  return index
}

private func signature(
  _ index: Int, _ parameter: StaticString, of model: Model
) throws(CallError) -> SignatureFacts {
  guard let signature = model.signature(at: index) else {
    throw notFound(parameter, index, model.signatureCount, "signatures")
  }
  return signature
}

private func describe(
  _ tensor: TensorFacts?, _ index: Int, _ count: Int, _ what: StaticString,
  _ outFacts: UnsafeMutablePointer<lmq_tensor_facts>?
) throws(CallError) {
  let out = try required(outFacts, "out_facts")
  guard let tensor else { throw notFound("index", index, count, what) }
  var facts = lmq_tensor_facts()
  facts.name = cString(tensor.name)
  facts.type = lmq_type(rawValue: lmq_type.RawValue(tensor.type.rawValue))
  facts.rank = UInt32(clamping: tensor.rank)
  withUnsafeMutableBytes(of: &facts.dims) { bytes in
    let dims = bytes.bindMemory(to: Int64.self)
    for axis in 0..<min(tensor.rank, dims.count) { dims[axis] = Int64(tensor.dim(at: axis) ?? -1) }
  }
  facts.is_optional = tensor.isOptional ? 1 : 0
  try facts.write(to: out, "out_facts")
}

func notFound(
  _ parameter: StaticString, _ index: Int, _ count: Int, _ what: StaticString
) -> CallError {
  .limequat(
    LimequatError(
      .notFound, "\(parameter) is \(UInt(bitPattern: index)), but there are only \(count) \(what)"))
}

/// A name of a model as a C string: these are strings of protobuf messages, kernel names or literals, which
/// end with a zero byte.
func cString(_ name: Name) -> UnsafePointer<CChar> {
  name.bytes.baseAddress.map { $0.assumingMemoryBound(to: CChar.self) } ?? cString("")
}
