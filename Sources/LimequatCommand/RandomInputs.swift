internal import LimequatBytes
internal import LimequatContainer
internal import LimequatGraph
internal import LimequatTensor

/// Inputs for a benchmark: the same numbers each time.
enum RandomInputs {
  /// Symbolic dims become `batch`. Floats lie in [-1, 1), token ids within the table that they are looked up
  /// in.
  static func make(
    model path: String, signature wanted: String, batch: Int
  ) throws(Fault) -> [(name: String, array: NumpyArray)] {
    let container = try ModelFile.open(path)
    let entries = (0..<container.signatureCount).compactMap { container.signature(at: $0) }
    guard let entry = entries.first(where: { $0.name.text == wanted }) else {
      throw .input(
        "\(path): no signature '\(wanted)'; it has \(entries.map(\.name.text).joined(separator: ", "))")
    }
    let graph: Graph
    do throws(GraphError) { graph = try Graph.decode(entry.model) } catch {
      throw .input("\(path): \(error)")
    }
    var state = Generator.next(0)
    var inputs: [(name: String, array: NumpyArray)] = []
    for index in 0..<graph.inputCount {
      guard let value = graph.input(at: index).flatMap({ graph.value(at: $0) }), let dims = value.dims,
        // Found from the ids when it is left out.
        value.name != Name("lengths")
      else { continue }
      var shape = Shape()
      for axis in 0..<dims.rank {
        if case .fixed(let size) = dims[axis] { shape.append(size) } else { shape.append(batch) }
      }
      let array: NumpyArray
      switch value.type {
      case .i32:
        array = try NumpyArray(type: .i32, shape: shape)
        let limit = UInt64(tableRows(graph, container, index) ?? 1)
        for place in array.bytes.bindMemory(to: Int32.self).indices {
          state = Generator.next(state)
          array.bytes.bindMemory(to: Int32.self)[place] = Int32(truncatingIfNeeded: state >> 33 % limit)
        }
      default:
        array = try NumpyArray(type: .f32, shape: shape)
        for place in array.floats.indices {
          state = Generator.next(state)
          array.floats[place] = Float(Int32(truncatingIfNeeded: state >> 32)) / 2_147_483_648
        }
      }
      inputs.append((value.name.text, array))
    }
    return inputs
  }

  /// The rows of the table that an input of ids is looked up in.
  private static func tableRows(_ graph: Graph, _ container: Container, _ input: Int) -> Int? {
    for index in 0..<graph.nodeCount {
      guard let node = graph.node(at: index), case .gather = node.op,
        node.input(at: 1) == graph.input(at: input),
        let table = node.input(at: 0).flatMap({ graph.value(at: $0) }),
        case .external(let location) = table.source,
        let tensor = container.tensorIndex(location).flatMap({ container.tensor(at: $0) })
      else { continue }
      return tensor.shape[0]
    }
    return nil
  }
}

/// Knuth's 64-bit linear congruential generator: enough to keep the numbers apart.
private enum Generator {
  static func next(_ state: UInt64) -> UInt64 {
    state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
  }
}
