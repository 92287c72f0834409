public import LimequatBytes

/// Why a graph was refused.
public indirect enum GraphError: Error, Sendable {
  /// The graph, or what it is given, breaks a rule of formats/graph.md.
  case broken(GraphRule, at: Place, expected: String, found: String)
  /// Memory ran out.
  case memory(BytesError)

  /// Where in the graph; an empty name says that there is none.
  public struct Place: Sendable {
    public var node: String
    public var value: String

    public init(node: String = "", value: String = "") {
      self.node = node
      self.value = value
    }
  }

  /// Nil when memory ran out.
  public var rule: GraphRule? {
    if case .broken(let rule, _, _, _) = self { return rule }
    return nil
  }
}

extension GraphError: CustomStringConvertible {
  /// For example `G28 broadcast: node 'sum': expected dims that are equal or 1, found [2, 3] and [2, 4]`.
  public var description: String {
    switch self {
    case .memory(let error): return error.description
    case .broken(let rule, let place, let expected, let found):
      var text = "\(rule.id) \(rule.name): "
      if !place.node.isEmptyText { text += "node '\(place.node)'" }
      if !place.value.isEmptyText {
        text += place.node.isEmptyText ? "'\(place.value)'" : ", '\(place.value)'"
      }
      if !place.node.isEmptyText || !place.value.isEmptyText { text += ": " }
      return text + "expected \(expected), found \(found)"
    }
  }
}

extension String {
  /// `isEmpty` without a comparison of Strings.
  fileprivate var isEmptyText: Bool { utf8.isEmpty }
}

/// What `body` answers; a lack of memory as an error of this room.
func orMemory<R>(_ body: () throws(BytesError) -> R) throws(GraphError) -> R {
  do throws(BytesError) { return try body() } catch { throw .memory(error) }
}

/// An empty table; a lack of memory as an error of this room.
func table<Element>(of type: Element.Type, capacity: Int) throws(GraphError) -> Table<Element> {
  do throws(BytesError) { return try Table(capacity: capacity) } catch { throw .memory(error) }
}

extension Name {
  /// For messages about names that are not yet known to be valid: cut, since a file says how long they are.
  var excerpt: String {
    let limit = 80
    guard bytes.count > limit else { return text }
    return Name(UnsafeRawBufferPointer(rebasing: bytes[..<limit])).text + "..."
  }
}
