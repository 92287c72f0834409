internal import Limequat
internal import LimequatBytes

func checkAlignment(
  _ start: UnsafeRawPointer, _ alignment: Int, _ name: StaticString
) throws(CallError) {
  guard UInt(bitPattern: start) % UInt(alignment) == 0 else {
    throw .argument("\(name) is not aligned to \(alignment) bytes")
  }
}

/// A pointer that must not be NULL.
func required<Pointee>(
  _ pointer: UnsafeMutablePointer<Pointee>?, _ name: StaticString
) throws(CallError) -> UnsafeMutablePointer<Pointee> {
  guard let pointer else { throw .null(name) }
  try checkAlignment(pointer, MemoryLayout<Pointee>.alignment, name)
  return pointer
}

/// A C string that must not be NULL.
func required(_ string: UnsafePointer<CChar>?, _ name: StaticString) throws(CallError) -> Name {
  guard let string else { throw .null(name) }
  return Name(string)
}

/// What ``array(_:_:_:)`` checks, where the elements are looked at later.
func checkArray<Element>(
  _ start: UnsafePointer<Element>?, _ count: Int, _ name: StaticString
) throws(CallError) { _ = try array(start, count, name) }

/// `count` elements of the caller: aligned, not NULL unless there are none, and of a size that memory can
/// have.
func array<Element>(
  _ start: UnsafePointer<Element>?, _ count: Int, _ name: StaticString
) throws(CallError) -> UnsafeBufferPointer<Element> {
  try checkSize(of: Element.self, count, name)
  guard count > 0 else { return UnsafeBufferPointer(start: nil, count: 0) }
  guard let start else { throw .null(name) }
  try checkAlignment(start, MemoryLayout<Element>.alignment, name)
  return UnsafeBufferPointer(start: start, count: count)
}

func array<Element>(
  _ start: UnsafeMutablePointer<Element>?, _ count: Int, _ name: StaticString
) throws(CallError) -> UnsafeMutableBufferPointer<Element> {
  UnsafeMutableBufferPointer(mutating: try array(UnsafePointer(start), count, name))
}

/// `size_t` arrives as Int: what is above the greatest object shows as negative or too large.
private func checkSize<Element>(
  of: Element.Type, _ count: Int, _ name: StaticString
) throws(CallError) {
  let (_, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
  guard count >= 0, !overflow else {
    throw .argument("\(name): no array has \(UInt(bitPattern: count)) elements")
  }
}

/// The room behind an out parameter: exactly `rows` times `columns` elements.
func checkRoom(
  _ found: Int, _ rows: Int, _ columns: Int, _ name: StaticString
) throws(CallError) {
  let (expected, overflow) = rows.multipliedReportingOverflow(by: columns)
  guard !overflow, found == expected else {
    throw .limequat(
      LimequatError(
        .shape, "\(name) is \(UInt(bitPattern: found)), expected \(rows) times \(columns)"))
  }
}

/// Whether `written` and `read` share bytes; neither wraps around the address space.
private func overlap(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
  guard a.count > 0, b.count > 0 else { return false }
  let aStart = UInt(bitPattern: a.baseAddress)
  let bStart = UInt(bitPattern: b.baseAddress)
  return aStart < bStart ? UInt(a.count) > bStart - aStart : UInt(b.count) > aStart - bStart
}

func checkApart(
  _ written: UnsafeRawBufferPointer, _ writtenName: StaticString, _ read: UnsafeRawBufferPointer,
  _ readName: StaticString
) throws(CallError) {
  guard !overlap(written, read) else { throw .argument("\(writtenName) overlaps \(readName)") }
}

/// Texts with their sizes, or ended by zero bytes where `sizes` is NULL.
func texts(
  _ start: UnsafePointer<UnsafePointer<CChar>?>?, sizes: UnsafePointer<Int>? = nil, _ count: Int,
  _ name: StaticString
) throws(CallError) -> Table<Name> {
  let strings = try array(start, count, name)
  if let sizes { try checkAlignment(sizes, MemoryLayout<Int>.alignment, "sizes") }
  var table = try memory { () throws(BytesError) in try Table<Name>(capacity: count) }
  for index in 0..<count {
    guard let string = strings[index] else { throw .argument("\(name)[\(index)] is NULL") }
    if let sizes {
      guard sizes[index] >= 0 else {
        throw .argument("sizes[\(index)] is \(UInt(bitPattern: sizes[index])): no text is that long")
      }
      table.append(Name(UnsafeRawBufferPointer(start: string, count: sizes[index])))
    } else {
      table.append(Name(string))
    }
  }
  return table
}

/// Runs `body`, whose only failure is memory that is refused.
func memory<R: ~Copyable>(_ body: () throws(BytesError) -> R) throws(CallError) -> R {
  do throws(BytesError) { return try body() } catch { throw .memory }
}
