internal import Limequat
internal import LimequatBytes
internal import LimequatTensor

extension Embedder {
  /// Runs a signature once. Answers the wanted outputs in their order.
  func run(
    signature: String, inputs: [(name: String, array: NumpyArray)], outputs: [String]
  ) throws(Fault) -> [NumpyArray] {
    try Embedder.withNames([signature] + inputs.map(\.name) + outputs) { (names) throws(Fault) in
      let index = names[0].flatMap { model.signatureIndex($0) }
      guard let index else {
        let known = model.signatures.map(\.name).joined(separator: ", ")
        throw .input("no signature '\(signature)'; the model has \(known)")
      }
      var given = try Fault.reading("memory") { () throws(BytesError) in
        try Table<NamedInput>(capacity: inputs.count)
      }
      for (place, input) in inputs.enumerated() {
        guard let name = names[1 + place] else { continue }
        given.append(
          NamedInput(
            name: name, type: input.array.type, shape: input.array.shape,
            bytes: UnsafeRawBufferPointer(input.array.bytes)))
      }
      let names = (0..<outputs.count).compactMap { names[1 + inputs.count + $0] }
      // First without room, to learn the shapes.
      var planned = try room(names, [])
      try Fault.calling { () throws(LimequatError) in
        try session.plan(signature: index, inputs: given, outputs: &planned)
      }
      var arrays: [NumpyArray] = []
      for place in 0..<planned.count {
        guard let output = planned[place] else { continue }
        arrays.append(try NumpyArray(type: output.type, shape: output.shape))
      }
      var wanted = try room(names, arrays)
      try Fault.calling { () throws(LimequatError) in
        try session.run(signature: index, inputs: given, outputs: &wanted)
      }
      return arrays
    }
  }

  private func room(_ names: [Name], _ arrays: [NumpyArray]) throws(Fault) -> Table<NamedOutput> {
    try Fault.reading("memory") { () throws(BytesError) in
      var outputs = try Table<NamedOutput>(capacity: names.count)
      for (place, name) in names.enumerated() {
        let none = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        outputs.append(NamedOutput(name: name, room: place < arrays.count ? arrays[place].bytes : none))
      }
      return outputs
    }
  }
}
