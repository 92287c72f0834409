internal import CLimequatKernels
internal import LimequatGraph

/// Which experts see which token: a pure function of the router's logits over buffers that the caller owns.
///
/// For each token the K best experts in descending order (ties to the lower expert, a NaN is never better),
/// their gates, and whether the expert had room. Slots are given out with the choice rank outermost.
struct Routing {
  let attributes: SparseMoEAttributes
  let tokens: Int
  let experts: Int
  /// One byte for each expert, 0 where it is absent and never chosen; nil when none is.
  var present: UnsafePointer<UInt8>?
  let grouping: Grouping

  var choices: Int { tokens * attributes.k }

  /// Results, each (tokens, K) and row-major. `gates` are those before capacity.
  struct Results {
    let experts: UnsafeMutablePointer<Int32>
    let gates: UnsafeMutablePointer<Float>
    let kept: UnsafeMutablePointer<UInt8>
  }

  /// Room to work in. `scores`: (tokens, experts), which may be the logits themselves when they are not
  /// needed afterwards; `counts`: experts; `order` and `spare`: tokens each.
  struct Room {
    let scores: UnsafeMutablePointer<Float>
    let counts: UnsafeMutablePointer<UInt32>
    let order: UnsafeMutablePointer<UInt32>
    let spare: UnsafeMutablePointer<UInt32>
  }

  /// `logits`: (tokens, experts).
  func route(_ logits: UnsafePointer<Float>, _ room: Room, into results: Results, engine: Engine) {
    engine.forRows(tokens, width: experts * 8) { rows, _ in
      choose(rows, logits, room.scores, results, engine.kernels)
    }
    guard let limit = grouping.capacity else {
      results.kept.update(repeating: 1, count: choices)
      return
    }
    var start = 0
    while start < tokens {
      let end = min(start + grouping.groupSize, tokens)
      sort(start..<end, results.gates, room)
      give(start..<end, limit, room, results)
      start = end
    }
  }

  /// Experts and gates of some tokens.
  private func choose(
    _ rows: Range<Int>, _ logits: UnsafePointer<Float>, _ scores: UnsafeMutablePointer<Float>,
    _ results: Results, _ kernels: Kernels
  ) {
    let k = attributes.k
    let first = rows.lowerBound
    let count = rows.count
    let scores = scores + first * experts
    let gates = results.gates + first * k
    if scores != logits + first * experts {
      scores.update(from: logits + first * experts, count: count * experts)
    }
    if attributes.softmax == .all {
      kernels.table.pointee.softmax(scores, experts, count, experts, present)
    }
    for row in 0..<count {
      best(scores + row * experts, results.experts + (first + row) * k, gates + row * k)
    }
    if attributes.softmax == .kept { kernels.table.pointee.softmax(gates, k, count, k, nil) }
    if attributes.normalizeGates {
      for row in 0..<count {
        let gates = gates + row * k
        let sum = kernels.table.pointee.sum(gates, k)
        for choice in 0..<k { gates[choice] /= sum }
      }
    }
  }

  /// The K largest of a row of scores, descending, with their values. Each is found by a walk over all
  /// experts: K is small.
  private func best(
    _ scores: UnsafePointer<Float>, _ chosen: UnsafeMutablePointer<Int32>,
    _ values: UnsafeMutablePointer<Float>
  ) {
    for choice in 0..<attributes.k {
      var found = -1
      var foundKey: UInt32 = 0
      for expert in 0..<experts {
        let key = Routing.key(scores[expert])
        guard found < 0 || key > foundKey, present?[expert] != 0, !isChosen(expert, chosen, choice) else {
          continue
        }
        found = expert
        foundKey = key
      }
      // K is at most the number of experts present, so one was left; experts are far fewer than 2^31.
      chosen[choice] = Int32(truncatingIfNeeded: max(0, found))
      values[choice] = scores[max(0, found)]
    }
  }

  private func isChosen(_ expert: Int, _ chosen: UnsafePointer<Int32>, _ count: Int) -> Bool {
    for choice in 0..<count where Int(chosen[choice]) == expert { return true }
    return false
  }

  /// Orders floats as unsigned integers: ascending, the two zeros equal, every NaN lowest. A total order, so
  /// that a choice is made and a sort ends whatever the scores are.
  static func key(_ value: Float) -> UInt32 {
    if value.isNaN { return 0 }
    let bits = value == 0 ? 0 : value.bitPattern
    return bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
  }

  /// Puts the tokens of a group into `room.order` as they are served: by position, or by descending first
  /// gate with ties in position order (a merge sort, which is stable).
  private func sort(_ group: Range<Int>, _ gates: UnsafePointer<Float>, _ room: Room) {
    let count = group.count
    for index in 0..<count { room.order[index] = UInt32(truncatingIfNeeded: group.lowerBound + index) }
    guard attributes.batchPriority else { return }
    var source = room.order
    var target = room.spare
    var width = 1
    while width < count {
      var start = 0
      while start < count {
        let middle = min(start + width, count)
        let end = min(middle + width, count)
        var (left, right) = (start, middle)
        for slot in start..<end {
          let takesRight =
            left == middle
            || right < end && key(source[right], gates) > key(source[left], gates)
          target[slot] = source[takesRight ? right : left]
          if takesRight { right += 1 } else { left += 1 }
        }
        start = end
      }
      swap(&source, &target)
      width *= 2
    }
    if source != room.order { room.order.update(from: source, count: count) }
  }

  private func key(_ token: UInt32, _ gates: UnsafePointer<Float>) -> UInt32 {
    Routing.key(gates[Int(token) * attributes.k])
  }

  /// Gives out the slots of the experts to the tokens of a group.
  private func give(_ group: Range<Int>, _ limit: Int, _ room: Room, _ results: Results) {
    room.counts.update(repeating: 0, count: experts)
    for choice in 0..<attributes.k {
      for index in 0..<group.count {
        let place = Int(room.order[index]) * attributes.k + choice
        let expert = Int(results.experts[place])
        results.kept[place] = Int(room.counts[expert]) < limit ? 1 : 0
        room.counts[expert] += 1  // at most the tokens of the group, which are fewer than 2^32
      }
    }
  }
}
