internal import CLimequatKernels
internal import LimequatBytes
internal import LimequatGraph
internal import LimequatTensor

/// Which nodes become one step. A value between fused nodes is read by nothing else.
extension PlanBuilder {
  mutating func fuse() throws(RuntimeError) {
    for index in 0..<graph.nodeCount {
      try Allocation.check()
      guard roles[index] == PlanBuilder.plain, let node = graph.node(at: index) else { continue }
      switch node.op {
      case .matMul: fuseProduct(index, node)
      case .sparseMoE: try fuseSparseMoE(index, node)
      case .reduceL2: fuseNormalize(index, node)
      case .pad: fuseJoin(index, node)
      default: break
      }
    }
  }

  /// MatMul, then in this order, each if it is there: Add(bias), an activation, Add(residual).
  private mutating func fuseProduct(_ head: Int, _ node: Node) {
    var end = (index: head, node: node)
    var bias: Int?
    var activation = LMQ_ACTIVATION_NONE
    var residual: Int?
    while residual == nil, let next = onlyReader(of: end.node.output) {
      if case .add = next.node.op, let other = next.node.otherInput(than: end.node.output) {
        if bias == nil, activation == LMQ_ACTIVATION_NONE, isBias(other, of: end.node.output) {
          bias = other
        } else if hasSameShape(other, next.node.output), hasSameShape(end.node.output, next.node.output) {
          residual = other
        } else {
          break
        }
      } else if activation == LMQ_ACTIVATION_NONE, let kind = next.node.op.activation {
        activation = kind
      } else {
        break
      }
      end = next
    }
    guard end.index != head else { return }
    absorb(head, until: end.node.output)
    finishFusion(
      Step(
        operation: .product(bias: bias, activation: activation, residual: residual), node: head,
        output: end.node.output),
      at: end.index)
  }

  /// Marks the nodes from `head` on that lead to `output`, without the last one.
  private mutating func absorb(_ head: Int, until output: Int) {
    var index = head
    while let node = graph.node(at: index), node.output != output {
      roles.replace(index, with: PlanBuilder.absorbed)
      guard let next = readers[node.output], next >= 0 else { return }
      index = Int(next)
    }
  }

  private mutating func finishFusion(_ step: Step, at end: Int) {
    roles.replace(end, with: Int32(truncatingIfNeeded: fusions.count))  // nodes are fewer than 2^31
    fusions.append(step)
  }

  /// SparseMoE, Add(residual).
  private mutating func fuseSparseMoE(_ head: Int, _ node: Node) throws(RuntimeError) {
    guard let next = onlyReader(of: node.output), case .add = next.node.op,
      let residual = next.node.otherInput(than: node.output), hasSameShape(residual, next.node.output),
      hasSameShape(node.output, next.node.output)
    else { return }
    roles.replace(head, with: PlanBuilder.absorbed)
    let room = try addRoom(node)
    finishFusion(
      Step(operation: .sparseMoE(residual: residual, room: room), node: head, output: next.node.output),
      at: next.index)
  }

  /// ReduceL2 over the last axis, Add of one constant number, Div of the same value by the sum.
  private mutating func fuseNormalize(_ head: Int, _ node: Node) {
    guard case .reduceL2(let axis, true) = node.op, let x = node.input(at: 0), let value = values[x],
      axis == -1 || axis == value.shape.rank - 1, let sum = onlyReader(of: node.output),
      case .add = sum.node.op,
      let epsilon = sum.node.otherInput(than: node.output), let number = values[epsilon], number.count == 1,
      number.place.isConstant, hasSameShape(sum.node.output, node.output),
      let end = onlyReader(of: sum.node.output), case .divide = end.node.op, end.node.input(at: 0) == x,
      hasSameShape(end.node.output, x)
    else { return }
    roles.replace(head, with: PlanBuilder.absorbed)
    roles.replace(sum.index, with: PlanBuilder.absorbed)
    finishFusion(
      Step(operation: .normalize(epsilon: epsilon), node: head, output: end.node.output), at: end.index)
  }

  /// Two Pads along one axis whose values do not overlap, and their sum.
  private mutating func fuseJoin(_ head: Int, _ node: Node) {
    guard let sum = onlyReader(of: node.output), case .add = sum.node.op,
      let other = sum.node.otherInput(than: node.output), onlyReader(of: other)?.index == sum.index,
      case .node(let second)? = graph.value(at: other)?.source, roles[second] == PlanBuilder.plain,
      let a = joinPart(head, sum.node.output), let b = joinPart(second, sum.node.output), a.axis == b.axis,
      a.range.upperBound == b.range.lowerBound && a.range.lowerBound == 0 && b.range.upperBound == a.length
        || b.range.upperBound == a.range.lowerBound && b.range.lowerBound == 0
          && a.range.upperBound == a.length
    else { return }
    roles.replace(head, with: PlanBuilder.absorbed)
    roles.replace(second, with: PlanBuilder.absorbed)
    finishFusion(Step(operation: .join, node: sum.index, output: sum.node.output), at: sum.index)
  }

  /// The axis that a Pad of f32 fills and where its input lies along it; the other dims are those of
  /// `output`, or 1.
  func joinPart(_ index: Int, _ output: Int) -> (axis: Int, range: Range<Int>, length: Int)? {
    guard let node = graph.node(at: index), case .pad(let pads) = node.op, let input = node.input(at: 0),
      let x = values[input], let y = values[output], x.type == .f32, x.shape.rank == y.shape.rank
    else { return nil }
    let rank = x.shape.rank
    var found: (axis: Int, range: Range<Int>, length: Int)?
    for axis in 0..<rank {
      let (front, back) = (pads[axis], pads[axis + rank])
      if front == 0, back == 0 {
        guard x.shape[axis] == y.shape[axis] || x.shape[axis] == 1 else { return nil }
      } else {
        guard found == nil, front >= 0, back >= 0, front + x.shape[axis] + back == y.shape[axis] else {
          return nil
        }
        found = (axis, front..<front + x.shape[axis], y.shape[axis])
      }
    }
    return found
  }

  /// The node that reads a value which nothing else reads and which is not given out.
  private func onlyReader(of value: Int) -> (index: Int, node: Node)? {
    guard uses[value] == 1, let reader = readers[value], reader >= 0, roles[Int(reader)] == PlanBuilder.plain,
      let node = graph.node(at: Int(reader))
    else { return nil }
    return (Int(reader), node)
  }

  /// A vector of the file or the graph along the last dim of a product.
  private func isBias(_ value: Int, of product: Int) -> Bool {
    guard let bias = values[value], let y = values[product], bias.place.isConstant, bias.stored == .f32
    else {
      return false
    }
    return bias.shape.rank <= y.shape.rank && bias.shape[-1] == y.shape[-1] && bias.count == y.shape[-1]
  }

  /// Whether the queries, keys and values of an Attention node are products with int8 weights.
  func isOfInt8(_ attention: Node) -> Bool {
    for place in 0..<3 {
      guard let value = attention.input(at: place), isInt8Product(value) else { return false }
    }
    return true
  }

  /// With or without a bias.
  private func isInt8Product(_ value: Int) -> Bool {
    guard let node = maker(of: value) else { return false }
    guard case .add = node.op else { return hasInt8Weights(node) }
    for place in 0..<node.inputCount {
      guard let product = node.input(at: place), let bias = node.otherInput(than: product),
        isBias(bias, of: product), let maker = maker(of: product)
      else { continue }
      return hasInt8Weights(maker)
    }
    return false
  }

  private func hasInt8Weights(_ node: Node) -> Bool {
    guard case .matMul = node.op, let w = node.input(at: 1) else { return false }
    return values[w]?.stored == .int8
  }

  private func maker(of value: Int) -> Node? {
    guard case .node(let index)? = graph.value(at: value)?.source else { return nil }
    return graph.node(at: index)
  }

  private func hasSameShape(_ a: Int, _ b: Int) -> Bool {
    guard let a = values[a], let b = values[b] else { return false }
    return a.shape == b.shape
  }
}

extension Node {
  /// The input beside `value` of a node with two inputs that are not the same.
  fileprivate func otherInput(than value: Int) -> Int? {
    guard inputCount == 2, let a = input(at: 0), let b = input(at: 1), a != b else { return nil }
    return a == value ? b : a
  }
}

extension Operator {
  /// What kernels apply to each element of an f32 value.
  var activation: lmq_activation? {
    switch self {
    case .gelu(.tanh): LMQ_ACTIVATION_GELU_TANH
    case .gelu(.erf): LMQ_ACTIVATION_GELU_ERF
    case .relu: LMQ_ACTIVATION_RELU
    case .sigmoid: LMQ_ACTIVATION_SIGMOID
    case .tanh: LMQ_ACTIVATION_TANH
    default: nil
    }
  }
}
