// swift-format-ignore-file: AlwaysUseLowerCamelCase
public import CLimequat
internal import Limequat
internal import LimequatBytes
internal import LimequatTensor

@c @implementation
public func lmq_session_plan(
  _ session: OpaquePointer!, _ signature: UnsafePointer<CChar>!, _ inputs: UnsafePointer<lmq_input>!,
  _ input_count: Int, _ outputs: UnsafeMutablePointer<lmq_output>!, _ output_count: Int,
  _ error: UnsafeMutablePointer<lmq_error>!
) -> lmq_status {
  answer(error) { () throws(CallError) in
    let session = try LimequatABI.session(session)
    let index = try signatureIndex(try required(signature, "signature"), of: session.model)
    let inputs = try array(inputs, input_count, "inputs")
    let outputs = try array(outputs, output_count, "outputs")
    let named = try namedInputs(inputs, isPlan: true)
    var asked = try namedOutputs(outputs, isPlan: true)
    do throws(LimequatError) {
      try session.plan(signature: index, inputs: named, outputs: &asked)
    } catch { throw .limequat(error) }
    try checkMemory()
    write(asked, to: outputs)
  }
}

@c @implementation
public func lmq_session_run(
  _ session: OpaquePointer!, _ signature: UnsafePointer<CChar>!, _ inputs: UnsafePointer<lmq_input>!,
  _ input_count: Int, _ outputs: UnsafeMutablePointer<lmq_output>!, _ output_count: Int,
  _ error: UnsafeMutablePointer<lmq_error>!
) -> lmq_status {
  answer(error) { () throws(CallError) in
    let session = try LimequatABI.session(session)
    let index = try signatureIndex(try required(signature, "signature"), of: session.model)
    let inputs = try array(inputs, input_count, "inputs")
    let outputs = try array(outputs, output_count, "outputs")
    let named = try namedInputs(inputs, isPlan: false)
    var asked = try namedOutputs(outputs, isPlan: false)
    try checkOutputsApart(outputs, inputs, session.model.signature(at: index))
    do throws(LimequatError) {
      try session.run(signature: index, inputs: named, outputs: &asked)
    } catch { throw .limequat(error) }
    try checkMemory()
    write(asked, to: outputs)
  }
}

private func namedInputs(
  _ inputs: UnsafeBufferPointer<lmq_input>, isPlan: Bool
) throws(CallError) -> Table<NamedInput> {
  var table = try memory { () throws(BytesError) in try Table<NamedInput>(capacity: inputs.count) }
  for index in 0..<inputs.count {
    let input = inputs[index]
    guard let name = input.name else { throw .argument("inputs[\(index)].name is NULL") }
    guard let type = elementType(input.type) else {
      throw .argument("inputs[\(index)].type is \(input.type.rawValue), which is no lmq_type")
    }
    guard input.size >= 0 else {
      throw .argument("inputs[\(index)].size is \(UInt(bitPattern: input.size)): no memory is that large")
    }
    if !isPlan {
      guard let data = input.data else { throw .argument("inputs[\(index)].data is NULL") }
      guard UInt(bitPattern: data) % UInt(type.size) == 0 else {
        throw .argument("inputs[\(index)].data is not aligned to \(type.size) bytes")
      }
    }
    table.append(
      NamedInput(
        name: Name(name), type: type, shape: try shape(of: input, index),
        bytes: UnsafeRawBufferPointer(start: input.data, count: input.data == nil ? 0 : input.size)))
  }
  return table
}

private func shape(of input: lmq_input, _ index: Int) throws(CallError) -> Shape {
  guard input.rank <= Shape.maximumRank else {
    throw .limequat(
      LimequatError(
        .shape, "inputs[\(index)].rank is \(input.rank), at most \(Shape.maximumRank) are possible"))
  }
  var shape = Shape()
  var wrong: Int64?
  var dims = input.dims
  withUnsafeBytes(of: &dims) { bytes in
    for axis in 0..<Int(input.rank) {  // at most 8
      let dim = bytes.loadUnaligned(fromByteOffset: axis * MemoryLayout<Int64>.stride, as: Int64.self)
      if !shape.append(Int(dim)) { wrong = dim }
    }
  }
  if let wrong {
    throw .limequat(
      LimequatError(.shape, "input \"\(Name(input.name).text)\" has a dim of \(wrong), expected 0 or more"))
  }
  return shape
}

private func namedOutputs(
  _ outputs: UnsafeMutableBufferPointer<lmq_output>, isPlan: Bool
) throws(CallError) -> Table<NamedOutput> {
  var table = try memory { () throws(BytesError) in try Table<NamedOutput>(capacity: outputs.count) }
  for index in 0..<outputs.count {
    let output = outputs[index]
    guard let name = output.name else { throw .argument("outputs[\(index)].name is NULL") }
    var room = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    if !isPlan {
      guard let data = output.data else { throw .argument("outputs[\(index)].data is NULL") }
      // Whatever the type: memory from malloc or of an array is aligned so.
      guard UInt(bitPattern: data) % 4 == 0 else {
        throw .argument("outputs[\(index)].data is not aligned to 4 bytes")
      }
      room = UnsafeMutableRawBufferPointer(start: data, count: output.size < 0 ? Int.max : output.size)
    }
    table.append(NamedOutput(name: Name(name), room: room))
  }
  return table
}

private func elementType(_ type: lmq_type) -> ElementType? {
  switch type {
  case LMQ_TYPE_F32: .f32
  case LMQ_TYPE_U8: .u8
  case LMQ_TYPE_I32: .i32
  case LMQ_TYPE_I64: .i64
  case LMQ_TYPE_BOOL: .bool
  default: nil
  }
}

/// No output shares memory with an input or with another output.
private func checkOutputsApart(
  _ outputs: UnsafeMutableBufferPointer<lmq_output>, _ inputs: UnsafeBufferPointer<lmq_input>,
  _ signature: SignatureFacts?
) throws(CallError) {
  // More than the signature has are refused by their names; comparing each with each would take long.
  guard let signature, inputs.count <= signature.inputCount, outputs.count <= signature.outputCount else {
    return
  }
  for index in 0..<outputs.count {
    let written = bytes(outputs[index].data, outputs[index].size)
    for input in inputs {
      try checkApart(written, "an output's data", bytes(input.data, input.size), "an input's")
    }
    for other in 0..<index {
      try checkApart(
        written, "an output's data", bytes(outputs[other].data, outputs[other].size), "another's")
    }
  }
}

private func bytes(_ start: UnsafeRawPointer?, _ size: Int) -> UnsafeRawBufferPointer {
  UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : max(0, size))
}

private func write(
  _ asked: borrowing Table<NamedOutput>, to outputs: UnsafeMutableBufferPointer<lmq_output>
) {
  for index in 0..<outputs.count {
    guard let found = asked[index] else { continue }
    outputs[index].type = lmq_type(rawValue: lmq_type.RawValue(found.type.rawValue))
    outputs[index].rank = UInt32(found.shape.rank)  // at most 8
    outputs[index].size = found.size
    withUnsafeMutableBytes(of: &outputs[index].dims) { bytes in
      for axis in 0..<Shape.maximumRank {
        bytes.storeBytes(
          of: axis < found.shape.rank ? Int64(found.shape[axis]) : 0,
          toByteOffset: axis * MemoryLayout<Int64>.stride, as: Int64.self)
      }
    }
  }
}
