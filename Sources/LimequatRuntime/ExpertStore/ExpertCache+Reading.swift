internal import LimequatBytes
internal import LimequatContainer

/// Reading blocks. Called under the lock, which is open while bytes come in.
extension ExpertCache {
  /// A block on its way.
  struct Read {
    let number: Int
    let expert: Int
    /// Where its bytes go, from the start of the memory.
    let start: Int
    let size: Int
  }

  /// Takes a slab for the first wanted expert that nobody has read or is reading. Nil: there is none of
  /// either.
  func startRead(for demand: ExpertDemand) -> Read? {
    let first = numbering.first(of: demand.bank)
    for expert in demand.wanted {
      let number = first + Int(expert)
      guard blocks[number].state == .absent,
        let entry = container.expert(bank: demand.bank, index: Int(expert))
      else { continue }
      guard takeSlab(for: number, size: entry.size) else { return nil }
      blocks[number].state = .reading
      return Read(number: number, expert: Int(expert), start: blocks[number].start, size: entry.size)
    }
    return nil
  }

  /// Reads and checks a block. A read that fails leaves the block as it was before, and its demand with the
  /// error; other demands try again themselves.
  func perform(_ read: Read, for demand: ExpertDemand) {
    demand.readsUnderWay += 1
    let bank = demand.bank
    let target = UnsafeMutableRawBufferPointer(start: pages.start + read.start, count: read.size)
    monitor.unlock()
    let result = fetch(bank, read.expert, into: target)
    monitor.lock()
    demand.readsUnderWay -= 1
    switch result {
    case .ready:
      blocks[read.number].state = .ready
      count(read, for: demand)
    case .damaged(let checksum):
      count(read, for: demand)
      blocks[read.number].state = .damaged
      blocks[read.number].checksum = checksum
      drop(read.number)
    case .failed(let error):
      drop(read.number)
      demand.failure = error
    }
    monitor.wakeAll()
  }

  private func count(_ read: Read, for demand: ExpertDemand) {
    demand.counters.bytesRead += read.size
    counters.experts.bytesRead += read.size
  }

  private enum Result {
    case ready
    case damaged(UInt32)
    case failed(RuntimeError)
  }

  private func fetch(_ bank: Int, _ expert: Int, into target: UnsafeMutableRawBufferPointer) -> Result {
    guard let entry = container.expert(bank: bank, index: expert) else { return .failed(.tooLarge) }
    do throws(ContainerError) {
      try container.read(offset: entry.offset, into: target)
    } catch {
      let name = container.bank(at: bank)?.name.text ?? ""
      return .failed(.unreadableExpert(bank: name, expert: expert, offset: entry.offset, error))
    }
    guard verifies else { return .ready }
    let computed = CRC32C.of(UnsafeRawBufferPointer(target))
    return computed == entry.crc32c ? .ready : .damaged(computed)
  }

  /// The life of the reader thread: reads ahead what demands want, one block of each in turn, while there are
  /// slabs that nobody waits for.
  private func serve() {
    monitor.lock()
    while !isStopped {
      if let (demand, read) = nextRead() {
        moveToEnd(demand)
        perform(read, for: demand)
      } else {
        monitor.wait()
      }
    }
    monitor.unlock()
  }

  private func nextRead() -> (ExpertDemand, Read)? {
    guard starving == 0 else { return nil }
    var place = demands
    while let demand = place {
      if demand.failure == nil, let read = startRead(for: demand) { return (demand, read) }
      place = demand.next
    }
    return nil
  }

  func stop() {
    monitor.lock()
    isStopped = true
    monitor.wakeAll()
    monitor.unlock()
  }

  /// The body of the reader thread. It holds the cache unretained: whoever started it joins it first.
  static let body: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { raw in
    if let raw { Unmanaged<ExpertCache>.fromOpaque(raw).takeUnretainedValue().serve() }
    return nil
  }
}
