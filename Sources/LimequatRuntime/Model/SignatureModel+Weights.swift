internal import LimequatBytes
internal import LimequatContainer
internal import LimequatGraph
internal import LimequatTensor
internal import Synchronization

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
        weight = Weight(place: .tensor(place), type: tensor.type, layout: tensor.layout)
      case .constant(let bytes):
        weight.place = .fixed(bytes.baseAddress ?? UnsafeRawPointer(room))
        if let bytes = misaligned(value) {
          let copy = room + layout.take(bytes.count, size: 1)
          UnsafeMutableRawBufferPointer(start: copy, count: bytes.count).copyMemory(from: bytes)
          weight.place = .fixed(UnsafeRawPointer(copy))
        }
      case .input, .node: break
      }
      weights.append(weight)
    }
    try findReaders(graph, &weights, isInPlace: container.isInPlace)
    return weights
  }

  /// Finds tensors that nothing reads, and tables of which only rows are: those stay in the file unless they
  /// are used in place.
  private static func findReaders(
    _ graph: Graph, _ weights: inout Table<Weight>, isInPlace: Bool
  ) throws(RuntimeError) {
    enum Reading { case none, rows, whole }
    var readings = try Allocation.table(repeating: Reading.none, count: graph.valueCount) as Table<Reading>
    for index in 0..<graph.nodeCount {
      try Allocation.check()
      guard let node = graph.node(at: index) else { continue }
      for place in 0..<node.inputCount {
        guard let input = node.input(at: place) else { continue }
        if case .gather(0) = node.op, place == 0, !isInPlace {
          if readings[input] == Reading.none { readings.replace(input, with: .rows) }
        } else {
          readings.replace(input, with: .whole)
        }
      }
    }
    for index in 0..<graph.outputCount {
      if let output = graph.output(at: index) { readings.replace(output, with: .whole) }
    }
    for index in 0..<weights.count {
      guard var weight = weights[index], case .tensor(let tensor) = weight.place else { continue }
      switch readings[index] {
      case .whole: continue
      case .rows: weight.place = .rows(tensor)
      default: weight.place = .nowhere
      }
      weights.replace(index, with: weight)
    }
  }

  /// Brings what the signature reads into memory and checks it, at its first call, but for what products
  /// check.
  func load(_ store: WeightStore, _ cancellation: Cancellation) throws(RuntimeError) {
    guard !isLoaded.load(ordering: .acquiring) else { return }
    for index in 0..<weights.count {
      try Allocation.check()
      try cancellation.check()
      guard let weight = weights[index] else { continue }
      switch weight.place {
      // Only products read panels.
      case .tensor where store.letsProductsCheck && weight.layout == .panel32: break
      case .tensor(let tensor): try store.load(tensor)
      case .rows(let tensor): try store.check(tensor)
      default: break
      }
    }
    isLoaded.store(true, ordering: .releasing)
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
