internal import LimequatBytes
internal import LimequatContainer

/// Which blocks are in memory. Called under the lock.
extension ExpertCache {
  /// Gives an expert a slab: a free one, or that of a block which nobody uses, wants or keeps. Answers false
  /// where there is none.
  func takeSlab(for number: Int, size: Int) -> Bool {
    guard let slab = room.holdsAll ? number : findSlab() else { return false }
    if let owner = owners[slab], owner >= 0 { drop(Int(owner)) }
    owners.replace(slab, with: Int32(truncatingIfNeeded: number))  // experts are at most 2^20
    blocks[number].slab = Int32(truncatingIfNeeded: slab)
    if let start = room.start(of: slab) {
      blocks[number].start = start
    } else if blocks[number].start < 0 {
      blocks[number].start = placedBytes
      placedBytes += size
      if isResident, !locked.grow(to: placedBytes, of: pages) { isRefusalUntold = true }
    }
    blocks[number].size = size
    counters.expertBytes += size
    counters.peakExpertBytes = max(counters.peakExpertBytes, counters.expertBytes)
    return true
  }

  private func findSlab() -> Int? {
    for _ in 0..<owners.count {
      let slab = nextSlab
      nextSlab = slab + 1 < owners.count ? slab + 1 : 0
      guard let owner = owners[slab], owner < 0 || isIdle(Int(owner)) && !blocks[Int(owner)].isKept else {
        continue
      }
      return slab
    }
    return nil
  }

  /// In memory, and of no use to a demand that is announced.
  private func isIdle(_ number: Int) -> Bool {
    blocks[number].state == .ready && blocks[number].pins == 0 && blocks[number].wanted == 0
  }

  /// Frees the slab of a block.
  func drop(_ number: Int) {
    let slab = Int(blocks[number].slab)
    guard slab >= 0 else { return }
    owners.replace(slab, with: -1)
    blocks[number].slab = -1
    if blocks[number].state != .damaged { blocks[number].state = .absent }
    counters.expertBytes -= blocks[number].size
  }

  func dropIfIdle(_ slab: Int) {
    if let owner = owners[slab], owner >= 0, isIdle(Int(owner)) { drop(Int(owner)) }
  }

  /// Frees the slabs of idle blocks that `body` agrees to.
  func dropAll(_ body: (CachedBlock) -> Bool) {
    for slab in 0..<owners.count {
      if let owner = owners[slab], owner >= 0, body(blocks[Int(owner)]) { dropIfIdle(slab) }
    }
  }

  /// Decides what stays in memory when the layer of `bank` is done: of the blocks that are in memory or
  /// wanted, as many as the room keeps, those that will be used next.
  ///
  /// Layers come in a circle, so the next use of a block is as far away as its layer, and a circle more for
  /// each pass of its bank in which nobody wanted it (beyond ``oldest``, passes no longer count). Among
  /// equals the lower number stays. Nothing in this order depends on the budget, so that of two budgets the
  /// larger one always holds what the smaller one holds, and one more layer never costs it more reads. (Least
  /// recently used would drop each block just before its layer comes again.)
  func chooseKept(after bank: Int) {
    var counts = InlineArray<16, Int>(repeating: 0)
    forEachCandidate(after: bank) { number, age in counts[age] += 1 }
    var left = room.keptCount
    var limit = 0
    while limit < ExpertCache.oldest, counts[limit] <= left {
      left -= counts[limit]
      limit += 1
    }
    forEachCandidate(after: bank) { number, age in
      blocks[number].isKept = age < limit || age == limit && left > 0
      if age == limit, left > 0 { left -= 1 }
    }
  }

  private static let oldest = 15

  /// Blocks in memory or wanted, by their layer's distance and their number; all others are not kept.
  private func forEachCandidate(after bank: Int, _ body: (_ number: Int, _ age: Int) -> Void) {
    for distance in 1...max(1, numbering.bankCount) {
      let bank = numbering.bank(after: bank, distance: distance)
      let pass = passes[bank] ?? 0
      for number in numbering.experts(of: bank) {
        guard blocks[number].slab >= 0 || blocks[number].wanted > 0 else {
          blocks[number].isKept = false
          continue
        }
        body(number, Int(min(pass &- blocks[number].lastPass, UInt32(ExpertCache.oldest))))
      }
    }
  }
}
