internal import LimequatBytes
internal import LimequatContainer
internal import LimequatGraph
internal import LimequatTensor

extension SignatureModel {
  /// Bytes of the constants that need another place to be read in place.
  static func misalignedBytes(_ graph: Graph) -> Int {
    var layout = RoomLayout()
    for index in 0..<graph.valueCount {
      guard let value = graph.value(at: index), let bytes = misaligned(value) else { continue }
      _ = layout.take(bytes.count, size: 1)
    }
    return layout.size
  }

  /// The bytes of a constant that does not lie at a multiple of its element size.
  private static func misaligned(_ value: Value) -> UnsafeRawBufferPointer? {
    guard case .constant(let bytes) = value.source, let start = bytes.baseAddress,
      UInt(bitPattern: start) % UInt(value.type.size) != 0
    else { return nil }
    return bytes
  }

  /// Where weights and constants lie, by value. `room` takes the constants that have to be copied.
  static func findWeights(
    _ entry: SignatureEntry, _ graph: Graph, _ container: Container, _ room: UnsafeMutableRawPointer
  ) throws(RuntimeError) -> Table<Weight> {
    var weights = try Allocation.table(capacity: graph.valueCount) as Table<Weight>
    var layout = RoomLayout()
    for index in 0..<graph.valueCount {
      try Allocation.check()
      guard let value = graph.value(at: index) else { continue }
      var weight = Weight()
      switch value.source {
      case .external(let name):
        guard let place = container.tensorIndex(name), let tensor = container.tensor(at: place) else {
          throw .missingTensor(name.text, signature: entry.name.text)
        }
        guard let bytes = container.bytes(offset: tensor.offset, size: tensor.size) else { throw .notMapped }
        // A tensor without elements has no address of its own.
        weight = Weight(
          start: bytes.baseAddress ?? UnsafeRawPointer(room), type: tensor.type, layout: tensor.layout)
      case .constant(let bytes):
        weight.start = bytes.baseAddress ?? UnsafeRawPointer(room)
        if let bytes = misaligned(value) {
          let copy = room + layout.take(bytes.count, size: 1)
          UnsafeMutableRawBufferPointer(start: copy, count: bytes.count).copyMemory(from: bytes)
          weight.start = UnsafeRawPointer(copy)
        }
      case .input, .node: break
      }
      weights.append(weight)
    }
    return weights
  }

  /// Panels are for the second input of MatMul, narrow rows for that and for Gather; all else reads f32 rows.
  func checkStorage() throws(RuntimeError) {
    for index in 0..<graph.nodeCount {
      try Allocation.check()
      guard let node = graph.node(at: index) else { continue }
      for place in 0..<node.inputCount {
        guard let input = node.input(at: place), let weight = weights[input],
          case .external(let name)? = graph.value(at: input)?.source
        else { continue }
        let isUsable: Bool
        switch node.op {
        case .matMul where place == 1:
          isUsable =
            weight.layout == .panel32
            ? weight.type.isFloat || weight.type == .int8 : weight.type == .f32
        case .gather(let axis) where place == 0:
          isUsable = weight.layout == .rows && (weight.type.isFloat || weight.type == .int8 && axis == 0)
        default: isUsable = weight.type == .f32 && weight.layout == .rows
        }
        guard isUsable else {
          throw .tensorStorage(name.text, found: weight.type, weight.layout, node: node.name.text)
        }
      }
    }
    for index in 0..<graph.outputCount {
      guard let output = graph.output(at: index), let weight = weights[output],
        case .external(let name)? = graph.value(at: output)?.source
      else { continue }
      guard weight.type == .f32, weight.layout == .rows else {
        throw .tensorStorage(name.text, found: weight.type, weight.layout, node: "")
      }
    }
  }

  func checkBanks() throws(RuntimeError) {
    for index in 0..<graph.nodeCount {
      guard case .sparseMoE(let name, _)? = graph.node(at: index)?.op else { continue }
      guard container.bankIndex(name) != nil else {
        throw .missingBank(name.text, signature: entry.name.text)
      }
    }
  }
}
