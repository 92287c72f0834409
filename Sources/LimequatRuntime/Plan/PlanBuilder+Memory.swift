internal import LimequatBytes
internal import LimequatGraph
internal import LimequatTensor

/// Where values lie. A value that nodes make lives in the arena from its step to the last one that reads it,
/// or in the caller's memory when it is given out; of one that is read as codes alone only these live, if its
/// step can make them. A step may write over an input that it is the last to read.
extension PlanBuilder {
  mutating func place() throws(RuntimeError) {
    try giveOut()
    var lastReads = try LastReads.make(values: values.count)
    // Each value and its codes, each input, and the rooms of one step.
    var arena = try ArenaLayout.make(capacity: 2 * values.count + graph.inputCount + 2)
    var codes = try CodesPlan.make(values: values.count)
    for index in 0..<steps.count {
      guard let step = steps[index] else { continue }
      let coded = int8Input(step)
      let takesCodes = coded.map { codes.use($0, at: index) } ?? false
      forEachRead(of: step) { value, isFactor in
        guard let read = values[value] else { return }
        lastReads.read(
          read.root, at: index, isOfCodes: isFactor && takesCodes,
          rowWidth: isFactor && coded == nil ? read.shape[-1] : nil)
      }
    }
    try placeInputs(&arena)
    for index in 0..<steps.count {
      try Allocation.check()
      try place(index, &arena, &codes, &lastReads)
    }
    arenaSize = arena.size
  }

  /// Lets steps write what is given out straight into the caller's memory; what no step makes, or what is
  /// given out twice, is copied at the end.
  private mutating func giveOut() throws(RuntimeError) {
    for index in 0..<graph.outputCount {
      guard let output = graph.output(at: index), let root = values[output]?.root, var value = values[root]
      else {
        throw .tooLarge
      }
      if case .nowhere = value.place {
        value.place = .output(index)
        values.replace(root, with: value)
      } else {
        steps.append(Step(operation: .copy(output), node: -1, output: index))
      }
    }
  }

  /// Integer inputs have room for what is converted or derived, for the whole run.
  private mutating func placeInputs(_ arena: inout ArenaLayout) throws(RuntimeError) {
    for index in 0..<graph.inputCount {
      guard let value = values[index] else { throw .tooLarge }
      var place = -1
      if value.type == .i32 {
        guard let taken = arena.take(value.count * 4) else { throw .tooLarge }
        place = taken
      }
      converted.append(place)
    }
  }

  private mutating func place(
    _ index: Int, _ arena: inout ArenaLayout, _ codes: inout CodesPlan, _ lastReads: inout LastReads
  ) throws(RuntimeError) {
    guard var step = steps[index] else { return }
    var reused = -1
    step.outputCodes = try outputCodes(step, &arena, &codes, &lastReads)
    let keepsFloats = step.outputCodes?.floats == nil
    if case .copy = step.operation {
    } else if keepsFloats, var made = values[step.output], case .nowhere = made.place {
      made.paddedWidth = paddedWidth(step, made, lastReads) ?? 0
      if made.paddedWidth == 0, let root = reusable(step, at: index, lastReads),
        case .arena(let start)? = values[root]?.place
      {
        reused = root
        made.place = .arena(start)
      } else {
        let width = max(1, made.paddedWidth)
        guard let start = arena.take(made.count / width * made.stride(width) * made.type.size) else {
          throw .tooLarge
        }
        made.place = .arena(start)
      }
      values.replace(step.output, with: made)
    }
    let bytes = try roomBytes(step) ?? 0
    if bytes > 0 {
      guard let start = arena.take(bytes) else { throw .tooLarge }
      step.room = start
    }
    // Codes of the input live beside all that the step works in, even if it is the only one to read them.
    if let input = int8Input(step) { step.codes = try codes.place(input, at: index, &arena) }
    if bytes > 0 { arena.give(step.room) }
    if let start = step.outputCodes?.floats { arena.give(start) }
    steps.replace(index, with: step)
    // Ends lives: each root once, even where the step reads it twice.
    var ended: [Int] = []
    forEachRead(of: step) { value, _ in
      guard let root = values[value]?.root, root != reused, lastReads[root] == index,
        case .arena(let start)? = values[root]?.place, !ended.contains(root)
      else { return }
      ended.append(root)
      arena.give(start)
    }
    if case .copy = step.operation { return }
    if lastReads[step.output] < 0, case .arena(let start)? = values[step.output]?.place {
      arena.give(start)  // made for nobody
    }
  }

  /// Room for the codes of what a step makes, if it is to make them, and for floats on the way to them, if
  /// nothing else is to be kept: a band for each thread, or all rows if these take no more.
  private func outputCodes(
    _ step: Step, _ arena: inout ArenaLayout, _ codes: inout CodesPlan, _ lastReads: inout LastReads
  ) throws(RuntimeError) -> OutputCodes? {
    if case .copy = step.operation { return nil }
    guard let value = values[step.output], codes.areWanted(step.output, value) else { return nil }
    let width = value.shape[-1], rows = value.count / max(1, width)
    guard let band = bandRows(step, rows: rows, width: width) else { return nil }
    let start = try codes.begin(Int8Input(root: step.output, rows: rows, width: width), &arena)
    lastReads.makeCodes(of: step.output)
    guard case .nowhere = value.place, lastReads[step.output] < 0 else {
      return OutputCodes(start: start, band: band, floats: nil, isOfBands: false)
    }
    var layout = RoomLayout()
    let isOfBands = CodedRows.bandsSaveRoom(band, rows: rows, width: width, threads: threads)
    if isOfBands {
      _ = layout.take(threads, CodedRows.floats(band: band, width: width), size: 4)
    } else {
      _ = layout.take(rows, width, size: 4)
    }
    guard !layout.isTooLarge, let floats = arena.take(layout.size) else { throw .tooLarge }
    return OutputCodes(start: start, band: band, floats: floats, isOfBands: isOfBands)
  }

  /// The root that the output of a step may be written over.
  private func reusable(_ step: Step, at index: Int, _ lastReads: borrowing LastReads) -> Int? {
    guard let output = values[step.output] else { return nil }
    func fits(_ value: Int?) -> Int? {
      guard let value, let input = values[value], input.count == output.count,
        input.type.size == output.type.size, let root = values[input.root],
        case .arena = root.place, lastReads[input.root] == index
      else { return nil }
      return input.root
    }
    guard let node = graph.node(at: step.node) else { return nil }
    func isRoot(_ root: Int, of place: Int) -> Bool {
      guard let value = node.input(at: place) else { return false }
      return values[value]?.root == root
    }
    switch step.operation {
    case .product(_, _, let residual), .sparseMoE(let residual, _):
      guard let root = fits(residual), !isRoot(root, of: 0), !isRoot(root, of: 1) else { return nil }
      return root
    case .normalize: return fits(node.input(at: 0))
    case .attention, .join, .copy: return nil
    case .node:
      switch node.op {
      case .gelu, .relu, .sigmoid, .tanh, .softmax: return fits(node.input(at: 0))
      case .layerNormalization:
        guard let root = fits(node.input(at: 0)), !isRoot(root, of: 1), !isRoot(root, of: 2) else {
          return nil
        }
        return root
      case .add, .subtract, .multiply, .divide: return fits(node.input(at: 0)) ?? fits(node.input(at: 1))
      default: return nil
      }
    }
  }

  /// Calls `body` with each value that a step reads, and whether it is what a product multiplies.
  private func forEachRead(of step: Step, _ body: (_ value: Int, _ isFactor: Bool) -> Void) {
    if case .copy(let value) = step.operation { return body(value, false) }
    guard let node = graph.node(at: step.node) else { return }
    for place in 0..<node.inputCount {
      guard let value = node.input(at: place) else { continue }
      if case .join = step.operation, case .node(let pad)? = graph.value(at: value)?.source {
        if let input = graph.node(at: pad)?.input(at: 0) { body(input, false) }
      } else if case .product = step.operation, place == 0 {
        body(value, true)
      } else {
        body(value, false)
      }
    }
    switch step.operation {
    case .product(let bias, _, let residual):
      if let bias { body(bias, false) }
      if let residual { body(residual, false) }
    case .sparseMoE(.some(let residual), _): body(residual, false)
    case .normalize(let epsilon): body(epsilon, false)
    default: break
    }
  }

  /// Bytes that a step works in, beside its inputs and its output.
  private func roomBytes(_ step: Step) throws(RuntimeError) -> Int? {
    guard let node = graph.node(at: step.node) else { return nil }
    var layout = RoomLayout()
    switch step.operation {
    case .sparseMoE(_, let room): return rooms[room]?.layout.size
    case .product:
      guard let w = node.input(at: 1), let weight = values[w], weight.layout != .panel32 else { return nil }
      return Panel.codeBytes(inputs: weight.shape[0], outputs: weight.shape[1], type: .f32)
    case .node:
      if case .gather = node.op {
        // Rows of a table that stays in the file, as a table of its own.
        guard let data = node.input(at: 0), let table = values[data], case .rows = table.place,
          let indices = node.input(at: 1), let count = values[indices]?.count
        else { return nil }
        let width = table.shape.product(1..<table.shape.rank) ?? 0
        _ = layout.take(count, width, size: table.stored.size)
        _ = layout.take(count, size: 4)
        break
      }
      return nil
    case .attention(let ofInt8):
      guard let shape = AttentionShape(node, values, ofInt8: ofInt8), !shape.room.layout.isTooLarge else {
        throw .tooLarge
      }
      _ = layout.take(threads, shape.room.layout.size, size: 1)
      _ = layout.take(shape.maskRoom, size: 1)
    default: return nil
    }
    if layout.isTooLarge { throw .tooLarge }
    return layout.size
  }
}
