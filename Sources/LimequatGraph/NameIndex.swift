internal import LimequatBytes

/// Finds values by name: their numbers in ascending order of their names. A file decides how many there are,
/// so no Dictionary; sorted in place, since the standard library's sort allocates half of what it sorts.
struct NameIndex: ~Copyable {
  private var order: Table<Int32>

  init(_ values: borrowing Table<Value>) throws(GraphError) {
    order = try table(of: Int32.self, capacity: values.count)
    for index in 0..<values.count { order.append(Int32(clamping: index)) }
    var start = values.count / 2
    while start > 0 {
      start -= 1
      sink(start, end: values.count, in: values)
    }
    var end = values.count
    while end > 1 {
      end -= 1
      swap(0, end)
      sink(0, end: end, in: values)
    }
  }

  /// Two values of the same name, if there are any.
  func duplicate(in values: borrowing Table<Value>) -> Name? {
    for index in 0..<order.count {
      if let name = self.name(index, in: values), let next = self.name(index + 1, in: values), name == next {
        return name
      }
    }
    return nil
  }

  /// The number of the value of this name.
  func find(_ wanted: Name, in values: borrowing Table<Value>) -> Int? {
    var low = 0
    var high = order.count
    while low < high {
      let middle = low + (high - low) / 2
      guard let name = self.name(middle, in: values) else { return nil }
      let order = name.order(wanted)
      if order == 0 { return self.order[middle].map { Int($0) } }
      if order < 0 { low = middle + 1 } else { high = middle }
    }
    return nil
  }

  private func name(_ place: Int, in values: borrowing Table<Value>) -> Name? {
    guard let value = order[place] else { return nil }
    return values[Int(value)]?.name
  }

  private mutating func swap(_ a: Int, _ b: Int) {
    guard let first = order[a], let second = order[b] else { return }
    order.replace(a, with: second)
    order.replace(b, with: first)
  }

  /// Heap sort's step: lets the element at `root` sink to its place in `0..<end`.
  private mutating func sink(_ root: Int, end: Int, in values: borrowing Table<Value>) {
    var root = root
    while true {
      var child = 2 * root + 1
      guard child < end, let left = name(child, in: values) else { return }
      var largest = left
      if child + 1 < end, let right = name(child + 1, in: values), largest < right {
        largest = right
        child += 1
      }
      guard let name = self.name(root, in: values), name < largest else { return }
      swap(root, child)
      root = child
    }
  }
}
