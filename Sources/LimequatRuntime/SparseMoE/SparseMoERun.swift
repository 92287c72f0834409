internal import CLimequatKernels
internal import LimequatContainer
internal import LimequatGraph
internal import LimequatTensor

/// One evaluation of a SparseMoE node: routes the tokens, visits each expert once with all its tokens, and
/// adds up what the experts answer.
///
///     y[s] = residual[s] + sum over choices in rank order of gate * expert(x[s])
///
/// The sum starts at 0; a dropped choice adds nothing.
struct SparseMoERun {
  let room: SparseMoERoom
  let base: UnsafeMutableRawPointer
  let engine: Engine
  let store: ExpertStore
  let demand: ExpertDemand

  private var shape: SparseMoEShape { room.shape }
  private var k: Int { room.shape.attributes.k }

  func part<Element: ~Copyable>(
    _ offset: Int, _: Element.Type = Element.self
  ) -> UnsafeMutablePointer<Element> {
    (base + offset).assumingMemoryBound(to: Element.self)
  }

  var results: Routing.Results {
    Routing.Results(experts: part(room.experts), gates: part(room.gates), kept: part(room.kept))
  }

  /// x (tokens, inputSize), `codes` of it where experts take those, logits (tokens, experts), residual and y
  /// (tokens, outputSize); y may be the residual and nothing else.
  func run(
    x: UnsafePointer<Float>, codes: Codes?, logits: UnsafePointer<Float>, residual: UnsafePointer<Float>?,
    y: UnsafeMutablePointer<Float>
  ) throws(RuntimeError) {
    let routing = Routing(
      attributes: shape.attributes, tokens: shape.tokens, experts: shape.experts,
      present: shape.present, grouping: shape.grouping)
    let work = Routing.Room(
      scores: part(room.scores), counts: part(room.counts), order: part(room.order), spare: part(room.spare))
    routing.route(logits, work, into: results, engine: engine)
    let visits = sort()
    if k == 1 { clearDropped(residual, y) }
    try visit(visits, expertInput(x, codes), residual, y)
    if k > 1 { combine(residual, y) }
  }

  /// Sorts the kept choices by expert, and by token within one. Answers how many experts have any; they are
  /// listed in `visits`.
  private func sort() -> Int {
    let offsets = part(room.offsets, Int.self)
    let tokenOfRow = part(room.tokenOfRow, UInt32.self)
    let rowOfChoice = part(room.rowOfChoice, UInt32.self)
    offsets.update(repeating: 0, count: shape.experts + 1)
    for choice in 0..<shape.choices where results.kept[choice] != 0 {
      offsets[Int(results.experts[choice]) + 1] += 1
    }
    let visits = part(room.visits, Int32.self)
    var visitCount = 0
    for expert in 0..<shape.experts {
      if offsets[expert + 1] > 0 {
        visits[visitCount] = Int32(truncatingIfNeeded: expert)
        visitCount += 1
      }
      offsets[expert + 1] += offsets[expert]
    }
    // Each offset moves to the end of its expert while rows are filled in, then back.
    for choice in 0..<shape.choices {
      guard results.kept[choice] != 0 else {
        rowOfChoice[choice] = SparseMoERun.dropped
        continue
      }
      let expert = Int(results.experts[choice])
      let row = offsets[expert]
      offsets[expert] += 1
      tokenOfRow[row] = UInt32(truncatingIfNeeded: choice / k)  // plans refuse 2^32 - 1 choices and more
      rowOfChoice[choice] = UInt32(truncatingIfNeeded: row)
    }
    for expert in (0..<shape.experts).reversed() { offsets[expert + 1] = offsets[expert] }
    offsets[0] = 0
    return visitCount
  }

  static let dropped = UInt32.max

  /// What experts read: x, or x rounded to bfloat16.
  private func expertInput(_ x: UnsafePointer<Float>, _ codes: Codes?) -> ExpertInput {
    let width = shape.inputSize
    guard shape.attributes.dispatchBF16 else { return ExpertInput(x: x, codes: codes, stride: width) }
    let target = part(room.rounded, Float.self)
    engine.forRows(shape.tokens * width, width: 1) { range, _ in
      engine.table.round_bf16(x + range.lowerBound, target + range.lowerBound, range.count)
    }
    let codes = room.tokenCodes.map { Codes(base, $0, width: width) }
    if let codes { engine.quantize(target, rows: shape.tokens, width: width, into: codes) }
    return ExpertInput(x: UnsafePointer(target), codes: codes, stride: width)
  }

  /// Runs the experts in the order in which the store has them.
  private func visit(
    _ count: Int, _ x: ExpertInput, _ residual: UnsafePointer<Float>?, _ y: UnsafeMutablePointer<Float>
  ) throws(RuntimeError) {
    let offsets = part(room.offsets, Int.self)
    let held = part(room.held, HeldExpert.self)
    let checksums = part(room.checksums, RunningChecksum.self)
    demand.want(UnsafeMutableBufferPointer(start: part(room.visits), count: count), of: shape.bank)
    try store.begin(demand)
    defer { store.end(demand) }
    while !demand.wanted.isEmpty {
      let experts = try store.acquire(demand, into: held)
      defer { store.release(demand, experts) }
      for place in 0..<experts.count where held[place].uncheckedBytes > 0 {
        let checksum = RunningChecksum(held[place].start, held[place].uncheckedBytes)
        (checksums + Int(experts[place])).initialize(to: checksum)
      }
      // Experts whose rows follow each other share waves.
      var start = 0
      while start < experts.count {
        var end = start + 1
        while end < experts.count, offsets[Int(experts[end])] == offsets[Int(experts[end - 1]) + 1] {
          end += 1
        }
        let together = UnsafeBufferPointer(rebasing: experts[start..<end])
        try evaluate(together, held + start, x, residual, y)
        start = end
      }
      for place in 0..<experts.count where held[place].uncheckedBytes > 0 {
        let expert = Int(experts[place])
        try store.settle(demand, expert, checksum: checksums[expert].value)
      }
    }
  }

  /// Runs the rows of some held experts, a wave at a time.
  private func evaluate(
    _ experts: UnsafeBufferPointer<Int32>, _ held: UnsafePointer<HeldExpert>, _ x: ExpertInput,
    _ residual: UnsafePointer<Float>?, _ y: UnsafeMutablePointer<Float>
  ) throws(RuntimeError) {
    let offsets = part(room.offsets, Int.self)
    guard let first = experts.first, let last = experts.last else { return }
    let end = offsets[Int(last) + 1]
    var row = offsets[Int(first)]
    var place = 0
    while row < end {
      try demand.cancellation.check()
      let wave = row..<min(row + shape.waveRows, end)
      // The experts whose rows meet the wave; the last one may go on in the next wave.
      var stop = place
      while stop < experts.count, offsets[Int(experts[stop])] < wave.upperBound { stop += 1 }
      multiply(experts, held, place..<stop, wave, x)
      if shape.attributes.dispatchBF16 { roundOutputs(wave) }
      if k == 1 { combine(wave, residual, y) }
      row = wave.upperBound
      place = stop
      if stop > 0, offsets[Int(experts[stop - 1]) + 1] > row { place = stop - 1 }
    }
  }
}
