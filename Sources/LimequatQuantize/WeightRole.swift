internal import LimequatBytes
internal import LimequatContainer
internal import LimequatGraph

/// What a weight outside the banks is for, as far as quantising asks (formats/quantization.md, section 2).
enum WeightRole: Sendable, Equatable {
  /// The second factor of a product that makes router logits.
  case router
  /// The second factor of a product whose first one is made from an input without any weight before.
  case patch
  /// The second factor of any other product.
  case matrix
  /// Rows that ids choose.
  case table
  /// Anything else, and what has more than one role.
  case other
}

/// The roles of all weights that the graphs of a container name. Names say nothing; uses do.
struct WeightRoles {
  private var roles: [String: WeightRole] = [:]

  init(_ container: Container) throws(QuantizeError) {
    for index in 0..<container.signatureCount {
      guard let signature = container.signature(at: index) else { continue }
      let graph: Graph
      do throws(GraphError) { graph = try Graph.decode(signature.model) } catch {
        throw .graph(signature: signature.name.text, error)
      }
      add(graph)
    }
  }

  /// A tensor that no graph names is for something else.
  subscript(_ tensor: String) -> WeightRole { roles[tensor] ?? .other }

  private mutating func add(_ graph: Graph) {
    let routers = WeightRoles.routerProducts(graph)
    let raw = WeightRoles.rawValues(graph)
    for index in 0..<graph.nodeCount {
      guard let node = graph.node(at: index) else { continue }
      for place in 0..<node.inputCount {
        guard let input = node.input(at: place),
          case .external(let location)? = graph.value(at: input)?.source
        else { continue }
        let role: WeightRole =
          switch (node.op, place) {
          case (.matMul, 1):
            if routers.contains(index) {
              .router
            } else if node.input(at: 0).map({ raw[$0] }) ?? false {
              .patch
            } else {
              .matrix
            }
          case (.gather(axis: 0), 0): .table
          default: .other
          }
        let name = location.text
        roles[name] = (roles[name] ?? role) == role ? role : .other
      }
    }
    for index in 0..<graph.outputCount {
      guard let output = graph.output(at: index),
        case .external(let location)? = graph.value(at: output)?.source
      else { continue }
      roles[location.text] = .other
    }
  }

  /// The nodes that multiply matrices to make router logits: the last products before them.
  private static func routerProducts(_ graph: Graph) -> Set<Int> {
    var found = Set<Int>()
    var seen = Set<Int>()
    var left: [Int] = []  // values
    for index in 0..<graph.nodeCount {
      if let node = graph.node(at: index), case .sparseMoE = node.op, let logits = node.input(at: 1) {
        left.append(logits)
      }
    }
    while let value = left.popLast() {
      guard seen.insert(value).inserted, case .node(let index)? = graph.value(at: value)?.source,
        let node = graph.node(at: index)
      else { continue }
      switch node.op {
      case .matMul: found.insert(index)
      case .attention, .sparseMoE, .layerNormalization, .rmsNormalization: break
      default:
        for place in 0..<node.inputCount { if let input = node.input(at: place) { left.append(input) } }
      }
    }
    return found
  }

  /// For each value whether it is an input, or one that was only moved, cast, shifted and scaled.
  private static func rawValues(_ graph: Graph) -> [Bool] {
    var raw = [Bool](repeating: false, count: graph.valueCount)
    for index in 0..<graph.inputCount { raw[index] = true }
    for index in 0..<graph.nodeCount {
      guard let node = graph.node(at: index) else { continue }
      func isRaw(_ place: Int) -> Bool { node.input(at: place).map { raw[$0] } ?? false }
      func isConstant(_ place: Int) -> Bool {
        if case .constant? = node.input(at: place).flatMap({ graph.value(at: $0)?.source }) {
          true
        } else {
          false
        }
      }
      switch node.op {
      case .identity, .reshape, .transpose, .squeeze, .unsqueeze, .slice, .pad, .cast:
        raw[node.output] = isRaw(0)
      case .add, .subtract, .multiply, .divide:
        raw[node.output] =
          isRaw(0) && (isRaw(1) || isConstant(1)) || isConstant(0) && isRaw(1)
      default: break
      }
    }
    return raw
  }
}
