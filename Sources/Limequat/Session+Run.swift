package import LimequatBytes
internal import LimequatRuntime
internal import LimequatTensor

/// Running a signature on tensors.
extension Session {
  /// Fills in type, shape and size of the outputs for inputs of these types and shapes.
  package func plan(
    signature: Int, inputs: borrowing Table<NamedInput>, outputs: inout Table<NamedOutput>
  ) throws(LimequatError) {
    try enter()
    defer { leave() }
    let call = try TensorCall.make(self, signature, inputs)
    try call.describe(&outputs)
  }

  /// Runs a signature once, on the whole batch. Inputs come in any order; one that is optional may be left
  /// out, and so may outputs. i64 is accepted where the model declares i32.
  package func run(
    signature: Int, inputs: borrowing Table<NamedInput>, outputs: inout Table<NamedOutput>
  ) throws(LimequatError) {
    try enter(items: 1)
    defer { leave() }
    let call = try TensorCall.make(self, signature, inputs)
    try call.describe(&outputs)
    try call.run(outputs)
  }
}

/// A call by names, brought into the order of the graph.
private final class TensorCall {
  private let session: Session
  private let signature: Int
  private let facts: SignatureFacts
  /// In the order of the graph; without the last when it is optional and left out.
  private let inputs: Table<TensorView>
  /// For each output of the graph.
  private let outputs: Table<NamedOutput>

  private init(
    session: Session, signature: Int, facts: SignatureFacts, inputs: consuming Table<TensorView>,
    outputs: consuming Table<NamedOutput>
  ) {
    self.session = session
    self.signature = signature
    self.facts = facts
    self.inputs = inputs
    self.outputs = outputs
  }

  static func make(
    _ session: Session, _ signature: Int, _ inputs: borrowing Table<NamedInput>
  ) throws(LimequatError) -> TensorCall {
    let facts = try session.facts(of: signature)
    let ordered = try order(inputs, facts)
    let outputs = try plan(session, signature, facts, ordered)
    return TensorCall(session: session, signature: signature, facts: facts, inputs: ordered, outputs: outputs)
  }

  private static func order(
    _ given: borrowing Table<NamedInput>, _ facts: SignatureFacts
  ) throws(LimequatError) -> Table<TensorView> {
    for index in 0..<given.count {
      guard let input = given[index] else { continue }
      guard facts.inputIndex(input.name) != nil else {
        throw LimequatError(
          .notFound, "signature \"\(facts.name.text)\" has no input \"\(input.name.text)\"")
      }
    }
    var ordered = try limequat { () throws(BytesError) in try Table<TensorView>(capacity: facts.inputCount) }
    for place in 0..<facts.inputCount {
      guard let declared = facts.input(at: place) else { continue }
      var found: NamedInput?
      for index in 0..<given.count {
        guard let input = given[index], input.name == declared.name else { continue }
        guard found == nil else {
          throw LimequatError(.argument, "input \"\(input.name.text)\" is given twice")
        }
        found = input
      }
      guard let found else {
        if declared.isOptional { continue }
        throw LimequatError(.notFound, "input \"\(declared.name.text)\" is missing")
      }
      guard found.type == declared.type || found.type == .i64 && declared.type == .i32 else {
        throw LimequatError(
          .type,
          "input \"\(found.name.text)\" has type \(found.type.description), "
            + "expected \(declared.type.description)")
      }
      ordered.append(TensorView(type: found.type, shape: found.shape, bytes: found.bytes))
    }
    return ordered
  }

  /// What each output of the graph is for these inputs.
  private static func plan(
    _ session: Session, _ signature: Int, _ facts: SignatureFacts, _ inputs: borrowing Table<TensorView>
  ) throws(LimequatError) -> Table<NamedOutput> {
    var shapes = try limequat { () throws(BytesError) in try Table<Shape>(capacity: inputs.count) }
    for index in 0..<inputs.count { shapes.append(inputs[index]?.shape ?? Shape()) }
    var outputs = try limequat { () throws(BytesError) in try Table<NamedOutput>(capacity: facts.outputCount)
    }
    for index in 0..<facts.outputCount {
      guard let declared = facts.output(at: index) else { continue }
      let shape = try shapes.withElements { (shapes) throws(LimequatError) in
        do throws(RuntimeError) {
          return try session.runtime.outputShape(
            signature: signature, output: index, inputs: UnsafeBufferPointer(shapes))
        } catch { throw LimequatError(error) }
      }
      var output = NamedOutput(name: declared.name, room: UnsafeMutableRawBufferPointer(start: nil, count: 0))
      output.type = declared.type
      output.shape = shape
      guard case (let size, false)? = shape.count?.multipliedReportingOverflow(by: declared.type.size) else {
        throw LimequatError(.shape, "output \"\(declared.name.text)\" does not fit into memory")
      }
      output.size = size
      outputs.append(output)
    }
    return outputs
  }

  /// Fills in what the outputs that the caller asks for are.
  func describe(_ asked: inout Table<NamedOutput>) throws(LimequatError) {
    for index in 0..<asked.count {
      guard var output = asked[index] else { continue }
      guard let place = facts.outputIndex(output.name), let planned = outputs[place] else {
        throw LimequatError(
          .notFound, "signature \"\(facts.name.text)\" has no output \"\(output.name.text)\"")
      }
      for other in 0..<index where asked[other]?.name == output.name {
        throw LimequatError(.argument, "output \"\(output.name.text)\" is given twice")
      }
      output.type = planned.type
      output.shape = planned.shape
      output.size = planned.size
      asked.replace(index, with: output)
    }
  }

  /// Runs the call. The runtime writes every output of the graph; those that nobody asked for go to memory
  /// that is given back afterwards.
  func run(_ asked: borrowing Table<NamedOutput>) throws(LimequatError) {
    var spareSize = 0
    for place in 0..<outputs.count {
      guard let output = outputs[place], find(output.name, in: asked) == nil else { continue }
      let (sum, overflow) = spareSize.addingReportingOverflow(output.size + 64)
      guard !overflow else { throw LimequatError(.memory, "the outputs do not fit into memory") }
      spareSize = sum
    }
    let spare = try limequat { () throws(BytesError) in try Buffer(size: spareSize) }
    var rooms = try limequat { () throws(BytesError) in try Table<MutableTensorView>(capacity: outputs.count)
    }
    var end = 0
    for place in 0..<outputs.count {
      guard let output = outputs[place] else { continue }
      if let room = find(output.name, in: asked)?.room {
        guard room.count >= output.size else {
          throw LimequatError(
            .shape,
            "output \"\(output.name.text)\" takes \(output.size) bytes, there is room for \(room.count)")
        }
        rooms.append(
          MutableTensorView(
            type: output.type, bytes: UnsafeMutableRawBufferPointer(rebasing: room[..<output.size])))
      } else {
        rooms.append(
          MutableTensorView(
            type: output.type,
            bytes: UnsafeMutableRawBufferPointer(start: spare.start + end, count: output.size)))
        end += (output.size + 63) / 64 * 64
      }
    }
    try inputs.withElements { (inputs) throws(LimequatError) in
      try rooms.withElements { (rooms) throws(LimequatError) in
        try session.run(signature, UnsafeBufferPointer(inputs), UnsafeBufferPointer(rooms), items: 1)
      }
    }
  }

  private func find(_ name: Name, in asked: borrowing Table<NamedOutput>) -> NamedOutput? {
    for index in 0..<asked.count {
      if let output = asked[index], output.name == name { return output }
    }
    return nil
  }
}
