internal import LimequatBytes

/// Allocations whose refusal is an error of this room.
enum Allocation {
  static func table<Element>(capacity: Int) throws(RuntimeError) -> Table<Element> {
    do throws(BytesError) { return try Table(capacity: capacity) } catch { throw .bytes(error) }
  }

  static func table<Element>(repeating element: Element, count: Int) throws(RuntimeError) -> Table<Element> {
    do throws(BytesError) { return try Table(repeating: element, count: count) } catch { throw .bytes(error) }
  }

  static func buffer(size: Int) throws(RuntimeError) -> Buffer {
    do throws(BytesError) { return try Buffer(size: size) } catch { throw .bytes(error) }
  }

  static func pages(size: Int) throws(RuntimeError) -> Pages {
    do throws(BytesError) { return try Pages(size: size) } catch { throw .bytes(error) }
  }

  /// For loops whose length a file decides.
  static func check() throws(RuntimeError) {
    do throws(BytesError) { try Memory.check() } catch { throw .bytes(error) }
  }
}
