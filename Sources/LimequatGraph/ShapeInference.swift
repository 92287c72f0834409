public import LimequatBytes
public import LimequatTensor

extension Graph {
  /// The shapes of all values (rules G24 to G33 of formats/graph.md).
  ///
  /// `inputs` gives the shape of an input; `externals` the logical type and dims of a tensor in the
  /// container's directory, nil when there is none of that name; `banks` the same for an expert bank.
  public func inferShapes(
    inputs: (Int) -> Shape, externals: (Name) -> (type: GraphType, shape: Shape)?, banks: (Name) -> BankShape?
  ) throws(GraphError) -> InferredShapes {
    var shapes = try table(of: Shape.self, capacity: valueCount)
    var symbols = Symbols()
    for index in 0..<valueCount {
      guard let value = value(at: index) else { continue }
      let shape: Shape
      var place = GraphError.Place(value: value.name)
      switch value.source {
      case .input(let number):
        shape = inputs(number)
        try symbols.bind(value, to: shape)
      case .constant: shape = Shape(declared: value.dims)
      case .external(let location):
        shape = Shape(declared: value.dims)
        try Self.checkDirectory(value, at: location, externals(location), shape)
      case .node(let number):
        guard let node = node(at: number) else { continue }
        try orMemory(Memory.check)
        place = GraphError.Place(node: node.name)
        shape = try NodeShapes(node: node, place: place, shapes: shapes).infer(banks: banks)
      }
      guard let elements = shape.count, elements <= Limits.elements else {
        throw .broken(
          .elements, at: place, expected: "at most \(Limits.elements) elements", found: "\(shape)")
      }
      shapes.append(shape)
    }
    for number in 0..<outputCount {
      guard let id = output(at: number), let declared = outputDims(at: number), let value = value(at: id),
        let shape = shapes[id]
      else { continue }
      guard symbols.match(declared, shape) else {
        throw .broken(.outputShapes, at: .init(value: value.name), expected: "\(declared)", found: "\(shape)")
      }
    }
    return InferredShapes(shapes: shapes)
  }

  /// G25.
  private static func checkDirectory(
    _ value: Value, at location: Name, _ stored: (type: GraphType, shape: Shape)?, _ shape: Shape
  ) throws(GraphError) {
    let place = GraphError.Place(value: value.name)
    guard let stored else {
      throw .broken(.directory, at: place, expected: "a tensor '\(location)' in the directory", found: "none")
    }
    guard stored.type == value.type, stored.shape == shape else {
      throw .broken(
        .directory, at: place, expected: "\(value.type) \(shape)", found: "\(stored.type) \(stored.shape)")
    }
  }
}

extension Shape {
  /// Declared dims without symbols; decoding has checked that there are at most 8, each at least 1.
  init(declared: DeclaredDims?) {
    self.init()
    guard let declared else { return }
    for index in 0..<declared.rank {
      if case .fixed(let size) = declared[index] { append(size) }
    }
  }
}

/// The numbers that symbolic dims stand for in a call. Inputs have at most 16 times 8 of them.
private struct Symbols {
  private var bound: [(name: Name, size: Int)] = []

  /// G24.
  mutating func bind(_ value: Value, to shape: Shape) throws(GraphError) {
    guard let declared = value.dims, match(declared, shape, binds: true) else {
      let expected = value.dims.map { "\($0)" } ?? ""
      throw .broken(.inputShapes, at: .init(value: value.name), expected: expected, found: "\(shape)")
    }
  }

  func match(_ declared: DeclaredDims, _ shape: Shape) -> Bool {
    var copy = self
    return copy.match(declared, shape, binds: false)
  }

  private mutating func match(_ declared: DeclaredDims, _ shape: Shape, binds: Bool) -> Bool {
    guard declared.rank == shape.rank else { return false }
    for axis in 0..<shape.rank {
      switch declared[axis] {
      case .fixed(let size): guard size == shape[axis] else { return false }
      case .symbolic(let name):
        if let known = bound.first(where: { $0.name == name }) {
          guard known.size == shape[axis] else { return false }
        } else if binds, shape[axis] >= 1 {
          bound.append((name, shape[axis]))
        } else {
          return false
        }
      case nil: return false
      }
    }
    return true
  }
}
