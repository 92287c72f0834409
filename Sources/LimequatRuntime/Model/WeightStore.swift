internal import LimequatBytes
internal import LimequatContainer
internal import LimequatTensor
internal import Synchronization

/// The dense tensors of a model: in place where the container is mapped or in memory, else read when they are
/// first used, and kept. Each is compared with its checksum once.
final class WeightStore: @unchecked Sendable {
  private let container: Container
  private let verifies: Bool
  /// By tensor.
  private let states: PartStates
  /// Tables of which only rows are read.
  private let tables: PartStates
  /// Room for all tensors, which lie there one behind the other as they were read; nothing where they are
  /// used in place.
  private let room: Pages
  /// Held while a tensor is read.
  private let monitor: Monitor
  /// What is taken of `room`. Guarded by `monitor`.
  private var placed = RoomLayout()
  /// Of a resident model. Guarded by `monitor`.
  private var locked = LockedPrefix()
  private let isResident: Bool
  private let pool: ThreadPool
  private let logger: Logger?
  /// The system refused to lock, which nobody was told yet.
  private let isRefusalUntold = Atomic<Bool>(false)
  private let heldBytes = Atomic<Int>(0)
  private let readBytes = Atomic<Int>(0)

  private init(
    container: Container, verifies: Bool, states: PartStates, tables: PartStates, room: consuming Pages,
    monitor: Monitor, isResident: Bool, pool: ThreadPool, logger: Logger?
  ) {
    self.container = container
    self.verifies = verifies
    self.states = states
    self.tables = tables
    self.room = room
    self.monitor = monitor
    self.isResident = isResident
    self.pool = pool
    self.logger = logger
  }

  static func make(
    _ container: Container, verifies: Bool, isResident: Bool, pool: ThreadPool, logger: Logger?
  ) throws(RuntimeError) -> WeightStore {
    let count = container.tensorCount
    let isInPlace = container.isInPlace
    var layout = RoomLayout()
    if !isInPlace {
      for index in 0..<count {
        try Allocation.check()
        _ = layout.take(container.tensor(at: index)?.size ?? 0, size: 1)
      }
      guard !layout.isTooLarge else { throw .tooLarge }
    }
    let states = try PartStates.make(count: count)
    let tables = try PartStates.make(count: isInPlace ? 0 : count)
    let room = try Allocation.pages(size: layout.size)
    if isResident { room.preferLarge() }
    return WeightStore(
      container: container, verifies: verifies, states: states, tables: tables, room: room,
      monitor: try Monitor.make(), isResident: isResident, pool: pool, logger: logger)
  }

  /// Where a tensor lies that was loaded, or that products check.
  func pointer(_ tensor: Int) -> UnsafeRawPointer {
    states.pointer(tensor) ?? bytes(tensor)?.baseAddress ?? UnsafeRawPointer(room.start)
  }

  /// Whether tensors in panels need not be loaded: they are used in place, and the products that read them
  /// first make their checksums.
  var letsProductsCheck: Bool { verifies && container.isInPlace }

  /// Bytes of a tensor in place whose checksum products are yet to make; 0: none, or it is no tensor.
  func uncheckedBytes(_ index: Int?) throws(RuntimeError) -> Int {
    guard let index else { return 0 }
    switch states[index] {
    case .ready: return 0
    case .unseen: return letsProductsCheck ? container.tensor(at: index)?.size ?? 0 : 0
    case .damaged(let checksum): throw damage(index, checksum)
    }
  }

  /// Settles a tensor that was unchecked.
  func settle(_ index: Int, checksum: UInt32) throws(RuntimeError) {
    guard let tensor = container.tensor(at: index) else { return }
    write(states, index, tensor, bytes(index)?.baseAddress, checksum)
    // Also where another session has found it whole: this one has not.
    if checksum != tensor.crc32c { throw damage(index, checksum) }
    _ = try uncheckedBytes(index)
  }

  private func bytes(_ tensor: Int) -> UnsafeRawBufferPointer? {
    container.tensor(at: tensor).flatMap { container.bytes(offset: $0.offset, size: $0.size) }
  }

  /// Makes a tensor ready for ``pointer(_:)``. Returns at once when it is.
  func load(_ index: Int) throws(RuntimeError) {
    try settle(states, index) { (tensor) throws(RuntimeError) in
      let target = UnsafeMutableRawBufferPointer(start: room.start + placed.size, count: tensor.size)
      try read(tensor, at: 0, into: target)
      _ = placed.take(tensor.size, size: 1)  // only now: what cannot be read leaves its room to the next one
      if isResident, !locked.grow(to: placed.size, of: room) {
        isRefusalUntold.store(true, ordering: .relaxed)
      }
      heldBytes.add(tensor.size, ordering: .relaxed)
      return (
        UnsafeRawPointer(target.baseAddress),
        verifies ? CRC32C.of(UnsafeRawBufferPointer(target)) : tensor.crc32c
      )
    }
    if isRefusalUntold.load(ordering: .relaxed), isRefusalUntold.exchange(false, ordering: .relaxed) {
      logger?(.warning, "the system refuses to lock dense weights in memory: it may swap them out")
    }
  }

  /// Makes a table ready for ``readRow(_:_:codes:scale:)``: it is compared with its checksum, and not kept.
  func check(_ index: Int) throws(RuntimeError) {
    try settle(tables, index) { (tensor) throws(RuntimeError) in
      guard verifies else { return (nil, tensor.crc32c) }
      do throws(ContainerError) {
        let checksum = try container.checksum(offset: tensor.offset, size: tensor.size)
        readBytes.add(tensor.size, ordering: .relaxed)
        return (nil, checksum)
      } catch { throw unreadable(tensor, error) }
    }
  }

  /// `bring` answers where a tensor that is not in place was brought, and its checksum.
  private func settle(
    _ states: PartStates, _ index: Int,
    _ bring: (TensorEntry) throws(RuntimeError) -> (start: UnsafeRawPointer?, checksum: UInt32)
  ) throws(RuntimeError) {
    if case .unseen = states[index] {
      guard let tensor = container.tensor(at: index) else { throw .tooLarge }
      if let bytes = bytes(index) {
        write(states, index, tensor, bytes.baseAddress, verifies ? checksum(bytes) : tensor.crc32c)
      } else {
        monitor.lock()
        defer { monitor.unlock() }
        if case .unseen = states[index] {
          let brought = try bring(tensor)
          write(states, index, tensor, brought.start, brought.checksum)
        }
      }
    }
    if case .damaged(let checksum) = states[index] { throw damage(index, checksum) }
  }

  private func write(
    _ states: PartStates, _ index: Int, _ tensor: TensorEntry, _ start: UnsafeRawPointer?, _ checksum: UInt32
  ) {
    let start = start.map { UnsafeMutableRawPointer(mutating: $0) } ?? room.start
    states.settle(index, checksum == tensor.crc32c ? .ready(start) : .damaged(checksum))
  }

  /// Of bytes in place, by all threads.
  private func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    let (part, count) = (1 << 20, bytes.count)
    guard let start = bytes.baseAddress else { return CRC32C.of(bytes) }
    let checksum = RunningChecksum(start, count)
    pool.run((count + part - 1) / part) { index, _ in
      checksum.add(start + index * part, min(part, count - index * part))
    }
    return checksum.value
  }

  private func damage(_ index: Int, _ checksum: UInt32) -> RuntimeError {
    .container(container.damagedTensor(at: index, computed: checksum))
  }

  /// Copies a row of a table with `width` columns, and with int8 its scale, from the file.
  func readRow(
    _ index: Int, _ row: Int, width: Int, codes: UnsafeMutableRawPointer, scale: UnsafeMutableRawPointer
  ) throws(RuntimeError) {
    guard let tensor = container.tensor(at: index) else { throw .tooLarge }
    // The row is inside the table, whose sizes were checked when the file was opened.
    let bytes = width * tensor.type.size
    try read(tensor, at: row * bytes, into: UnsafeMutableRawBufferPointer(start: codes, count: bytes))
    guard tensor.type == .int8 else { return }
    let scales = tensor.size - tensor.shape[0] * 4
    try read(tensor, at: scales + row * 4, into: UnsafeMutableRawBufferPointer(start: scale, count: 4))
  }

  private func read(
    _ tensor: TensorEntry, at offset: Int, into target: UnsafeMutableRawBufferPointer
  ) throws(RuntimeError) {
    do throws(ContainerError) { try container.read(offset: tensor.offset + offset, into: target) } catch {
      throw unreadable(tensor, error)
    }
    readBytes.add(target.count, ordering: .relaxed)
  }

  private func unreadable(_ tensor: TensorEntry, _ error: ContainerError) -> RuntimeError {
    .unreadableTensor(tensor.name.text, offset: tensor.offset, error)
  }

  /// Adds what the store holds and did.
  func count(_ counters: inout ModelCounters) {
    counters.tensorBytes = heldBytes.load(ordering: .relaxed)
    counters.tensorBytesRead = readBytes.load(ordering: .relaxed)
  }
}
