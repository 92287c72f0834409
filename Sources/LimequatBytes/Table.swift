/// An array whose length a file decides: one allocation, checked access.
public struct Table<Element>: ~Copyable {
  private let buffer: Buffer
  public let capacity: Int
  public private(set) var count = 0

  public init(capacity: Int) throws(BytesError) {
    let (size, overflow) = capacity.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    guard capacity >= 0, !overflow else { throw .outOfMemory(bytes: capacity) }
    buffer = try Buffer(size: size)
    self.capacity = capacity
  }

  /// A full table: `count` copies of `element`.
  public init(repeating element: Element, count: Int) throws(BytesError) {
    try self.init(capacity: count)
    elements.initialize(repeating: element, count: count)
    self.count = count
  }

  private var elements: UnsafeMutablePointer<Element> { buffer.start.assumingMemoryBound(to: Element.self) }

  /// Answers false when the table is full.
  @discardableResult
  public mutating func append(_ element: consuming Element) -> Bool {
    guard count < capacity else { return false }
    (elements + count).initialize(to: element)
    count += 1
    return true
  }

  /// Nil outside `0..<count`.
  public subscript(_ index: Int) -> Element? { index >= 0 && index < count ? elements[index] : nil }

  /// Answers false outside `0..<count`.
  @discardableResult
  public mutating func replace(_ index: Int, with element: consuming Element) -> Bool {
    guard index >= 0, index < count else { return false }
    elements[index] = element
    return true
  }

  /// The elements in place. The pointer must not leave `body`.
  public func withElements<R: ~Copyable, E: Error>(
    _ body: (UnsafeMutableBufferPointer<Element>) throws(E) -> R
  ) throws(E) -> R {
    try body(UnsafeMutableBufferPointer(start: elements, count: count))
  }

  deinit { elements.deinitialize(count: count) }
}

extension Table: @unchecked Sendable where Element: Sendable {}
