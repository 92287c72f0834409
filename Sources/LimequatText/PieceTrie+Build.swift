internal import LimequatBytes

extension PieceTrie {
  /// Over the pieces whose type has its bit in `types` (1 << type). Cost: linear in their bytes.
  static func build(_ tables: UnigramTables, types: UInt8) throws(TextError) -> PieceTrie {
    let builder = try TrieBuilder(tables, types: types)
    let count = try builder.run()
    let nodes = try allocate((count + 1) * MemoryLayout<Node>.stride)
    nodes.start.copyMemory(from: builder.nodes.start, byteCount: nodes.size)
    let labels = try allocate(count)
    labels.start.copyMemory(from: builder.labels.start, byteCount: count)
    let starts = try allocate(256 * MemoryLayout<UInt32>.stride)
    let start = starts.start.bindMemory(to: UInt32.self, capacity: 256)
    start.initialize(repeating: absent, count: 256)
    let node = nodes.start.assumingMemoryBound(to: Node.self)
    let label = labels.start.assumingMemoryBound(to: UInt8.self)
    for child in Int(node[0].first)..<Int(node[1].first) {
      start[Int(label[child])] = UInt32(truncatingIfNeeded: child)
    }
    return PieceTrie(nodes: nodes, labels: labels, starts: starts)
  }
}

/// Memory that a table or a text sizes.
func allocate(_ size: Int) throws(TextError) -> Buffer {
  do throws(BytesError) { return try Buffer(size: size) } catch { throw TextError(error) }
}

/// Sorts pieces by their bytes, one byte further for each level of the trie.
private struct TrieBuilder: ~Copyable {
  /// The pieces order[start..<end] begin with the bytes that lead to a node.
  private struct Group {
    var start: UInt32
    var end: UInt32
  }

  /// One more than there are nodes: the last says where the children of the last but one end.
  let nodes: Buffer
  let labels: Buffer
  private let ranges: Buffer
  private let order: Buffer
  private let sorted: Buffer
  private let count: Int
  private let tables: UnigramTables

  init(_ tables: UnigramTables, types: UInt8) throws(TextError) {
    let order = try allocate(tables.count * MemoryLayout<Int32>.stride)
    let index = order.start.bindMemory(to: Int32.self, capacity: tables.count)
    var count = 0
    // A node for each byte of each piece and the root are enough. Most are shared and never touched.
    var most = 1
    for piece in 0..<tables.count where types & (1 << tables.type(piece)) != 0 {
      index[count] = Int32(truncatingIfNeeded: piece)  // at most 2^24
      count += 1
      most += try tables.piece(piece).count  // together at most the file's size
    }
    let nodes = try allocate((most + 1) * MemoryLayout<PieceTrie.Node>.stride)
    let labels = try allocate(most)
    let ranges = try allocate(most * MemoryLayout<Group>.stride)
    let sorted = try allocate(count * MemoryLayout<Int32>.stride)
    self.tables = tables
    self.order = order
    self.count = count
    self.nodes = nodes
    self.labels = labels
    self.ranges = ranges
    self.sorted = sorted
  }

  /// Answers the number of nodes.
  func run() throws(TextError) -> Int {
    let node = nodes.start.assumingMemoryBound(to: PieceTrie.Node.self)
    let label = labels.start.assumingMemoryBound(to: UInt8.self)
    let range = ranges.start.assumingMemoryBound(to: Group.self)
    let index = order.start.assumingMemoryBound(to: Int32.self)
    label[0] = 0
    range[0] = Group(start: 0, end: UInt32(truncatingIfNeeded: count))
    var made = 1
    var depth = 0
    var levelEnd = 1
    var at = 0
    while at < made {
      if at == levelEnd {
        depth += 1
        levelEnd = made
      }
      var start = Int(range[at].start)
      let end = Int(range[at].end)
      node[at] = PieceTrie.Node(first: UInt32(truncatingIfNeeded: made), piece: -1)
      for place in start..<end where try tables.piece(Int(index[place])).count == depth {
        guard node[at].piece < 0 else {
          throw .duplicatePiece(piece: Int(index[place]), first: Int(node[at].piece))
        }
        node[at].piece = index[place]
        (index[start], index[place]) = (index[place], index[start])
      }
      if node[at].piece >= 0 { start += 1 }
      try sort(start, end, depth)
      while start < end {
        let byte = try self.byte(Int(index[start]), depth)
        var last = start + 1
        while last < end, try self.byte(Int(index[last]), depth) == byte { last += 1 }
        label[made] = byte
        range[made] = Group(
          start: UInt32(truncatingIfNeeded: start), end: UInt32(truncatingIfNeeded: last))
        made += 1
        start = last
      }
      at += 1
    }
    node[made] = PieceTrie.Node(first: UInt32(truncatingIfNeeded: made), piece: -1)
    return made
  }

  /// Orders index[start..<end] by the byte at `depth`, which each of these pieces has.
  private func sort(_ start: Int, _ end: Int, _ depth: Int) throws(TextError) {
    let index = order.start.assumingMemoryBound(to: Int32.self)
    if end - start <= 32 {
      for place in start + 1..<max(end, start + 1) {
        let piece = index[place]
        let byte = try self.byte(Int(piece), depth)
        var hole = place
        while hole > start, try self.byte(Int(index[hole - 1]), depth) > byte {
          index[hole] = index[hole - 1]
          hole -= 1
        }
        index[hole] = piece
      }
      return
    }
    var places = InlineArray<256, Int>(repeating: 0)
    for place in start..<end { places[Int(try byte(Int(index[place]), depth))] += 1 }
    var next = 0
    for byte in 0..<256 {
      let count = places[byte]
      places[byte] = next
      next += count
    }
    let copy = sorted.start.assumingMemoryBound(to: Int32.self)
    for place in start..<end {
      let byte = Int(try self.byte(Int(index[place]), depth))
      copy[places[byte]] = index[place]
      places[byte] += 1
    }
    (index + start).update(from: copy, count: end - start)
  }

  private func byte(_ piece: Int, _ depth: Int) throws(TextError) -> UInt8 {
    let bytes = try tables.piece(piece)
    // A mapped file can change under the builder: never read past a piece, whatever it was before.
    guard depth < bytes.count else { throw .pieceLength(piece: piece, bytes: bytes.count) }
    return bytes[depth]
  }
}
