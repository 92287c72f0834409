internal import CLimequatPlatform
internal import LimequatBytes
internal import LimequatContainer

/// A block as an ``ExpertCache`` sees it.
struct CachedBlock {
  enum State: UInt8 {
    case absent, reading, ready
    /// Its checksum is not what the file states, which stays so.
    case damaged
  }
  var state = State.absent
  /// Stays in memory when the layer is done.
  var isKept = false
  /// Demands that were not yet given it, and those that are using it.
  var wanted: Int32 = 0
  var pins: Int32 = 0
  /// -1: none.
  var slab: Int32 = -1
  /// Where its slab begins in the memory, or began when it had one; -1: it never had one.
  var start = -1
  /// The pass of its bank in which it was last wanted.
  var lastPass: UInt32 = 0
  /// Of a damaged block.
  var checksum: UInt32 = 0
  /// Bytes, since it first had a slab.
  var size = 0
}

/// Blocks in a bounded memory, shared by all sessions of a model: what the calls of ``ReadExperts`` and its
/// reader thread do. Everything but the reading itself happens under one lock.
///
/// Nobody waits while holding a block, and what a waiting session is given next stays until that session took
/// it; so there is always somebody who goes on, also with a single slab.
final class ExpertCache: @unchecked Sendable {
  let container: Container
  let numbering: ExpertNumbering
  let room: SlabRoom
  let verifies: Bool
  /// Resident: blocks stay, and are locked in memory where the system allows it.
  let isResident: Bool
  let monitor: Monitor
  private let memory: Buffer
  let blocks: UnsafeMutablePointer<CachedBlock>

  // Guarded by `monitor`.
  /// Mapped at first use.
  var pages: Pages
  /// The expert in each slab; -1: none.
  var owners: Table<Int32>
  /// How often each bank was wanted.
  var passes: Table<UInt32>
  /// Where the search for a slab goes on.
  var nextSlab = 0
  /// Where the next slab begins that an expert has for itself.
  var placedBytes = 0
  /// The demands that are announced, as they are served.
  var demands: ExpertDemand?
  /// Sessions that wait for a slab. The reader reads nothing ahead meanwhile.
  var starving = 0
  var isStopped = false
  /// Of a resident model.
  var locked = LockedPrefix()
  /// The system refused to lock, which nobody was told yet.
  var isRefusalUntold = false
  var counters = ModelCounters()

  private init(
    container: Container, numbering: consuming ExpertNumbering, room: SlabRoom, verifies: Bool,
    isResident: Bool, monitor: Monitor, memory: consuming Buffer, pages: consuming Pages,
    owners: consuming Table<Int32>, passes: consuming Table<UInt32>
  ) {
    self.container = container
    let count = numbering.count
    self.numbering = numbering
    self.room = room
    self.verifies = verifies
    self.isResident = isResident
    self.monitor = monitor
    blocks = memory.start.bindMemory(to: CachedBlock.self, capacity: count)
    blocks.initialize(repeating: CachedBlock(), count: count)
    self.memory = memory
    self.pages = pages
    self.owners = owners
    self.passes = passes
  }

  /// `budget` nil: blocks stay in memory once they were read.
  static func make(
    _ container: Container, _ numbering: consuming ExpertNumbering, budget: Int?, verifies: Bool
  ) throws(RuntimeError) -> ExpertCache {
    let room = try SlabRoom.make(container, budget: budget)
    let (slabs, experts) = (room.count, numbering.count)
    let monitor = try Monitor.make()
    // An entry of the manifest each, so the size fits.
    let memory = try Allocation.buffer(size: experts * MemoryLayout<CachedBlock>.stride)
    return ExpertCache(
      container: container, numbering: numbering, room: room, verifies: verifies, isResident: budget == nil,
      monitor: monitor, memory: memory,
      pages: try Allocation.pages(size: 0), owners: try Allocation.table(repeating: -1, count: slabs),
      passes: try Allocation.table(repeating: 0, count: container.bankCount))
  }

  /// Announces a demand. Answers whether reading ahead would help it.
  func begin(_ demand: ExpertDemand) throws(RuntimeError) -> Bool {
    monitor.lock()
    defer { monitor.unlock() }
    let bank = demand.bank
    let first = numbering.first(of: bank)
    for expert in demand.wanted {
      guard container.expert(bank: bank, index: Int(expert))?.encoding != nil else {
        throw .absentExpert(bank: container.bank(at: bank)?.name.text ?? "", expert: Int(expert))
      }
    }
    if pages.size < room.size {
      pages = try Allocation.pages(size: room.size)
      if isResident { pages.preferLarge() }
    }
    let pass = (passes[bank] ?? 0) &+ 1
    passes.replace(bank, with: pass)
    var hits = 0
    for expert in demand.wanted {
      let number = first + Int(expert)
      blocks[number].wanted += 1
      blocks[number].lastPass = pass
      if blocks[number].slab >= 0 { hits += 1 }
    }
    let misses = demand.wanted.count - hits
    demand.counters.hits += hits
    demand.counters.misses += misses
    counters.experts.hits += hits
    counters.experts.misses += misses
    append(demand)
    if !room.holdsAll { chooseKept(after: bank) }
    guard misses > 0, demand.wanted.count > 1, room.count > 1 else { return false }
    monitor.wakeAll()
    return true
  }

  /// Tells the system what will be read for a demand, where no thread reads ahead.
  func expectReads(for demand: ExpertDemand) {
    for expert in demand.wanted {
      let number = numbering.first(of: demand.bank) + Int(expert)
      monitor.lock()
      let isAbsent = blocks[number].state == .absent
      monitor.unlock()
      if isAbsent, let entry = container.expert(bank: demand.bank, index: Int(expert)) {
        container.expectRead(offset: entry.offset, size: entry.size)
      }
    }
  }

  func acquire(
    _ demand: ExpertDemand, into held: UnsafeMutablePointer<HeldExpert>
  ) throws(RuntimeError) -> UnsafeBufferPointer<Int32> {
    monitor.lock()
    defer { monitor.unlock() }
    var count = try give(demand, held)
    if count == 0 {
      let start = lmq_monotonic_time()
      while count == 0 {
        if let read = startRead(for: demand) {
          perform(read, for: demand)
        } else {
          wait(for: demand)
        }
        try demand.cancellation.check()
        count = try give(demand, held)
      }
      let waited = Int(truncatingIfNeeded: lmq_monotonic_time() &- start)
      demand.counters.waitNanoseconds &+= waited
      counters.experts.waitNanoseconds &+= waited
    }
    return demand.take(count)
  }

  /// Moves wanted experts that are in memory to the front and pins them. Answers how many.
  private func give(
    _ demand: ExpertDemand, _ held: UnsafeMutablePointer<HeldExpert>
  ) throws(RuntimeError) -> Int {
    if let failure = demand.failure { throw failure }
    let first = numbering.first(of: demand.bank)
    guard let wanted = demand.wanted.baseAddress else { return 0 }
    for expert in demand.wanted where blocks[first + Int(expert)].state == .damaged {
      let computed = blocks[first + Int(expert)].checksum
      throw .container(container.damagedExpert(bank: demand.bank, Int(expert), computed: computed))
    }
    var count = 0
    for index in 0..<demand.wanted.count {
      let expert = wanted[index]
      let number = first + Int(expert)
      guard blocks[number].state == .ready,
        let encoding = container.expert(bank: demand.bank, index: Int(expert))?.encoding
      else { continue }
      if index > count {
        (wanted + count + 1).update(from: wanted + count, count: index - count)
        wanted[count] = expert
      }
      blocks[number].wanted -= 1
      blocks[number].pins += 1
      held[count] = HeldExpert(
        start: UnsafeRawPointer(pages.start + blocks[number].start), encoding: encoding, number: number)
      count += 1
    }
    return count
  }

  /// Until something changes. Without a read under way for the demand it is a slab that is missing.
  private func wait(for demand: ExpertDemand) {
    let first = numbering.first(of: demand.bank)
    var isStarving = true
    for expert in demand.wanted where blocks[first + Int(expert)].state == .reading { isStarving = false }
    if isStarving { starving += 1 }
    monitor.wait()
    if isStarving { starving -= 1 }
  }

  func release(_ demand: ExpertDemand, _ experts: UnsafeBufferPointer<Int32>) {
    monitor.lock()
    let first = numbering.first(of: demand.bank)
    for expert in experts { blocks[first + Int(expert)].pins -= 1 }
    monitor.wakeAll()
    monitor.unlock()
  }

  /// Answers, once for a model, whether there is a refused lock to tell of.
  func end(_ demand: ExpertDemand) -> Bool {
    monitor.lock()
    defer { monitor.unlock() }
    // What was not given out, after an error, is wanted no more, so that no further read begins.
    let first = numbering.first(of: demand.bank)
    for expert in demand.wanted { blocks[first + Int(expert)].wanted -= 1 }
    demand.abandon()
    while demand.readsUnderWay > 0 { monitor.wait() }
    remove(demand)
    if !room.holdsAll { dropAll { !$0.isKept } }
    monitor.wakeAll()
    defer { isRefusalUntold = false }
    return isRefusalUntold
  }

  func trim() {
    guard !isResident else { return }
    // One slab at a time, so that other sessions need not wait for all.
    for slab in 0..<room.count {
      monitor.lock()
      dropIfIdle(slab)
      if owners[slab] == -1 {
        let start = room.start(of: slab) ?? blocks[slab].start
        pages.discard(from: start, to: start + (room.slabSize ?? blocks[slab].size))
      }
      monitor.unlock()
    }
  }

  func count(_ total: inout ModelCounters) {
    monitor.lock()
    total.experts = counters.experts
    total.expertBytes = counters.expertBytes
    total.peakExpertBytes = counters.peakExpertBytes
    monitor.unlock()
  }

  // The list of demands.

  private func append(_ demand: ExpertDemand) {
    demand.next = nil
    guard var last = demands else {
      demands = demand
      return
    }
    while let next = last.next { last = next }
    last.next = demand
  }

  private func remove(_ demand: ExpertDemand) {
    if demands === demand {
      demands = demand.next
    } else {
      var before = demands
      while let place = before, place.next !== demand { before = place.next }
      before?.next = demand.next
    }
    demand.next = nil
  }

  /// Serves it after all others.
  func moveToEnd(_ demand: ExpertDemand) {
    remove(demand)
    append(demand)
  }
}
