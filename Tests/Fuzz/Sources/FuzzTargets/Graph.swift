internal import LimequatBytes
internal import LimequatGraph
internal import LimequatTensor

/// Decodes a ModelProto, and infers its shapes with 3 for each symbolic dim.
func fuzzGraph(_ bytes: UnsafeRawBufferPointer) {
  do throws(GraphError) {
    let graph = try Graph.decode(bytes)
    let shapes = try graph.inferShapes(
      inputs: { graph.value(at: $0).flatMap(\.dims).map(shape) ?? Shape() },
      externals: { location in
        for id in 0..<graph.valueCount {
          guard let value = graph.value(at: id), case .external(location) = value.source else { continue }
          return value.dims.map { (value.type, shape($0)) }
        }
        return nil
      },
      banks: { _ in
        BankShape(inputSize: 8, outputSize: 8, isGated: false, expertCount: 4, presentCount: 4)
      })
    for id in 0..<graph.valueCount { _ = shapes[id] }
    for node in 0..<graph.nodeCount { _ = graph.node(at: node).map { "\($0.name)" } }
  } catch {
    _ = error.description
  }
}

private func shape(_ dims: DeclaredDims) -> Shape {
  var shape = Shape()
  for axis in 0..<dims.rank {
    if case .fixed(let size) = dims[axis] { shape.append(size) } else { shape.append(3) }
  }
  return shape
}
