// swift-format-ignore-file: AlwaysUseLowerCamelCase
public import CLimequat
internal import Limequat
internal import LimequatBytes

@c @implementation
public func lmq_model_open(
  _ path: UnsafePointer<CChar>!, _ options: UnsafePointer<lmq_options>!,
  _ out_model: UnsafeMutablePointer<OpaquePointer?>!, _ error: UnsafeMutablePointer<lmq_error>!
) -> lmq_status {
  open(options, out_model, error) { (options) throws(CallError) in
    let path = try required(path, "path")
    return try limequat { () throws(LimequatError) in try Model.open(path: path.text, options: options) }
  }
}

@c @implementation
public func lmq_model_open_descriptor(
  _ descriptor: Int32, _ options: UnsafePointer<lmq_options>!,
  _ out_model: UnsafeMutablePointer<OpaquePointer?>!, _ error: UnsafeMutablePointer<lmq_error>!
) -> lmq_status {
  open(options, out_model, error) { (options) throws(CallError) in
    try limequat { () throws(LimequatError) in try Model.open(descriptor: descriptor, options: options) }
  }
}

@c @implementation
public func lmq_model_open_memory(
  _ bytes: UnsafeRawPointer!, _ size: Int, _ options: UnsafePointer<lmq_options>!,
  _ out_model: UnsafeMutablePointer<OpaquePointer?>!, _ error: UnsafeMutablePointer<lmq_error>!
) -> lmq_status {
  open(options, out_model, error) { (options) throws(CallError) in
    guard let bytes else { throw .null("bytes") }
    let array = try array(bytes.assumingMemoryBound(to: UInt8.self), size, "bytes")
    try checkAlignment(bytes, 64, "bytes")
    return try limequat { () throws(LimequatError) in
      try Model.open(bytes: UnsafeRawBufferPointer(array), options: options)
    }
  }
}

@c @implementation
public func lmq_model_close(_ model: OpaquePointer!) { Handle.remove(model, Handle.model, of: Model.self) }

/// The model behind a handle.
func model(_ handle: OpaquePointer?) throws(CallError) -> Model {
  guard handle != nil else { throw .null("model") }
  guard let found: Model = Handle.find(handle, Handle.model) else { throw .handle("model") }
  return found
}

/// What the three ways to open a model share.
private func open(
  _ options: UnsafePointer<lmq_options>?, _ outModel: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<lmq_error>?, _ body: (Model.Options) throws(CallError) -> Model
) -> lmq_status {
  answer(error) { () throws(CallError) in
    let outModel = try required(outModel, "out_model")
    outModel.pointee = nil
    let model = try body(try modelOptions(options))
    try checkMemory()
    guard let handle = Handle.add(model, Handle.model) else { throw .memory }
    outModel.pointee = handle
  }
}

private func modelOptions(_ start: UnsafePointer<lmq_options>?) throws(CallError) -> Model.Options {
  guard let start else { return Model.Options() }
  let options = try lmq_options.read(start, "options")
  let verification: Model.Verification
  switch options.verify {
  case LMQ_VERIFY_DEFAULT: verification = .firstUse
  case LMQ_VERIFY_OPEN: verification = .whileOpening
  case LMQ_VERIFY_NEVER: verification = .never
  default: throw .argument("options: verify is \(options.verify.rawValue), which is no lmq_verify")
  }
  guard options.holding == LMQ_HOLDING_DEFAULT || options.holding == LMQ_HOLDING_RESIDENT else {
    throw .argument("options: holding is \(options.holding.rawValue), which is no lmq_holding")
  }
  guard options.reserved == 0 else {
    throw .argument("options: reserved is \(options.reserved), expected 0")
  }
  return Model.Options(
    threads: Int(options.threads),
    memoryBudget: options.memory_budget == 0 ? nil : Int(clamping: options.memory_budget),
    isResident: options.holding == LMQ_HOLDING_RESIDENT, verification: verification,
    kernels: options.kernels.map { Name($0).text }, logger: logger(options.logger, options.logger_user))
}
