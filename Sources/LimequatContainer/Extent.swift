internal import CLimequatSchema
internal import LimequatBytes

/// Bytes of the file that belong to one part.
struct Extent {
  enum Owner {
    case header, manifest
    case tensor(Int)
    case expert(bank: Int, Int)
  }

  var offset: Int
  var end: Int
  var owner: Owner
}

extension Table where Element == Extent {
  /// Heap sort by offset, in place: the standard library's sort allocates half of what it sorts.
  mutating func sortByOffset() {
    withElements { extents in
      var start = extents.count / 2
      while start > 0 {
        start -= 1
        sink(start, extents, extents.count)
      }
      var end = extents.count
      while end > 1 {
        end -= 1
        extents.swapAt(0, end)
        sink(0, extents, end)
      }
    }
  }

  private func sink(_ start: Int, _ extents: UnsafeMutableBufferPointer<Extent>, _ count: Int) {
    var parent = start
    while true {
      var child = 2 * parent + 1
      guard child < count else { return }
      if child + 1 < count, extents[child].offset < extents[child + 1].offset { child += 1 }
      guard extents[parent].offset < extents[child].offset else { return }
      extents.swapAt(parent, child)
      parent = child
    }
  }
}

extension Container {
  /// All extents, ascending by offset. Checks C19 and C20.
  func sortedExtents() throws(ContainerError) -> Table<Extent> {
    var capacity = 2 + tensorCount
    for index in 0..<bankCount { capacity += bank(at: index)?.expertCount ?? 0 }  // limits: below 2^31
    let count = capacity
    var extents = try withBytes { () throws(BytesError) in try Table<Extent>(capacity: count) }
    extents.append(Extent(offset: 0, end: ContainerLimits.headerSize, owner: .header))
    extents.append(
      Extent(offset: manifestRange.lowerBound, end: manifestRange.upperBound, owner: .manifest))
    for index in 0..<tensorCount {
      guard let tensor = element(index, root.tensors, tensorCount)?.pointee else { continue }
      extents.append(try extent(tensor.offset, tensor.size, .tensor(index)))
    }
    for bank in 0..<bankCount {
      guard let entry = self.bank(at: bank) else { continue }
      for index in 0..<entry.expertCount {
        guard let expert = entry.expert(at: index)?.message.pointee, expert.encoding.rawValue != 0
        else { continue }
        extents.append(try extent(expert.offset, expert.size, .expert(bank: bank, index)))
      }
    }
    extents.sortByOffset()
    try checkNoOverlap(extents)
    return extents
  }

  // C19
  private func extent(
    _ offset: UInt64, _ size: UInt64, _ owner: Extent.Owner
  ) throws(ContainerError) -> Extent {
    guard let offset = Int(exactly: offset), let size = Int(exactly: size),
      offset >= ContainerLimits.headerSize, offset <= fileSize, size <= fileSize - offset
    else {
      throw .rule(
        .outsideTheFile, item(owner),
        .extent(offset: offset, size: size, begin: ContainerLimits.headerSize, end: fileSize))
    }
    return Extent(offset: offset, end: offset + size, owner: owner)
  }

  // C20. An empty manifest overlaps nothing.
  private func checkNoOverlap(_ extents: borrowing Table<Extent>) throws(ContainerError) {
    var last: Extent?
    for index in 0..<extents.count {
      guard let extent = extents[index], extent.offset < extent.end else { continue }
      if let last, extent.offset < last.end {
        throw .rule(
          .overlappingExtents, item(extent.owner),
          .overlap(offset: extent.offset, other: item(last.owner), otherEnd: last.end))
      }
      last = extent
    }
  }

  func item(_ owner: Extent.Owner) -> ContainerItem {
    switch owner {
    case .header: .header
    case .manifest: .manifest
    case .tensor(let index): .tensor(index, tensor(at: index)?.name.text ?? "")
    case .expert(let bank, let index): .expert(index, bank: self.bank(at: bank)?.name.text ?? "")
    }
  }
}
