internal import LimequatBytes
internal import LimequatContainer

/// How the memory of an ``ExpertCache`` is cut into slabs, one for each block that it can hold.
///
/// Slabs are all as large as the largest block, so that any slab fits any block and a larger budget never
/// holds less than a smaller one. Where the budget is enough for all blocks, each has a slab of its own size,
/// one behind the other as they are first used.
struct SlabRoom {
  /// Slabs; as many as there are experts when each has its own.
  let count: Int
  /// In bytes.
  let size: Int
  /// Blocks that are kept from one layer to the next. The other slabs are for blocks that pass through: one
  /// while it is used, one while it is read.
  let keptCount: Int
  /// The size of a slab that fits any block; nil: every expert has a slab of its own.
  let slabSize: Int?

  /// `budget` nil: as much as all blocks take.
  static func make(_ container: Container, budget: Int?) throws(RuntimeError) -> SlabRoom {
    var (total, largest, count) = (0, 0, 0)
    for bank in 0..<container.bankCount {
      try Allocation.check()
      for index in 0..<(container.bank(at: bank)?.expertCount ?? 0) {
        count += 1
        guard let expert = container.expert(bank: bank, index: index), expert.encoding != nil else {
          continue
        }
        total += expert.size  // blocks do not overlap, so the sum is within the file
        largest = max(largest, expert.size)
      }
    }
    guard let budget, budget < total else {
      return SlabRoom(count: count, size: total, keptCount: count, slabSize: nil)
    }
    guard budget >= largest else { throw .budgetTooSmall(budget, least: largest) }
    let page = Pages.pageSize
    let slabSize = (largest + page - 1) / page * page
    // Fewer than there are experts, whose total is more than the budget.
    let slabs = max(1, budget / slabSize)
    return SlabRoom(count: slabs, size: slabs * slabSize, keptCount: max(0, slabs - 2), slabSize: slabSize)
  }

  /// Every expert has a slab of its own, whose number is the expert's.
  var holdsAll: Bool { slabSize == nil }

  /// Where a slab that fits any block begins in the memory; nil: it begins where its expert was placed.
  func start(of slab: Int) -> Int? { slabSize.map { slab * $0 } }
}
