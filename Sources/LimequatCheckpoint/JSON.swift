internal import CJansson
internal import LimequatBytes

/// A parsed JSON text; the values borrow from it. Read with jansson, because it tells integers from reals,
/// refuses duplicate keys and bad UTF-8, and limits the depth (2048).
public final class JSON: @unchecked Sendable {
  fileprivate let node: UnsafeMutablePointer<json_t>
  /// For messages.
  public let file: String

  private init(_ node: UnsafeMutablePointer<json_t>, file: String) {
    self.node = node
    self.file = file
  }

  deinit { json_decref(node) }

  /// The text must be one object or array. `file` is named in errors.
  public static func parse(_ text: UnsafeRawBufferPointer, file: String) throws(CheckpointError) -> JSON {
    var error = json_error_t()
    let start = text.assumingMemoryBound(to: CChar.self).baseAddress
    guard let start, let node = json_loadb(start, text.count, Int(JSON_REJECT_DUPLICATES), &error) else {
      // The field is a C array: its text ends at the first zero byte.
      let reason = withUnsafeBytes(of: error.text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      throw .json(
        file: file, line: Int(error.line), column: Int(error.column),
        reason: start == nil ? "it is empty" : reason)
    }
    return JSON(node, file: file)
  }

  /// Reads and parses a file of at most `limit` bytes.
  public static func read(path: String, limit: Int) throws(CheckpointError) -> JSON {
    let buffer = try readFile(path, limit: limit)
    return try parse(UnsafeRawBufferPointer(buffer.bytes), file: path)
  }

  public var value: Value { Value(document: self, node: node) }

  public enum Kind: String, Sendable {
    case object, array, string, integer, real, boolean, null
  }

  /// One value of the text.
  public struct Value: Sendable {
    let document: JSON
    nonisolated(unsafe) let node: UnsafeMutablePointer<json_t>

    public var kind: Kind {
      switch node.pointee.type {
      case JSON_OBJECT: .object
      case JSON_ARRAY: .array
      case JSON_STRING: .string
      case JSON_INTEGER: .integer
      case JSON_REAL: .real
      case JSON_TRUE, JSON_FALSE: .boolean
      default: .null
      }
    }

    /// Nil unless the value is a number without fraction or exponent.
    public var integer: Int? { kind == .integer ? Int(exactly: json_integer_value(node)) : nil }
    /// Nil unless the value is a number; always finite.
    public var number: Double? { kind == .integer || kind == .real ? json_number_value(node) : nil }
    public var boolean: Bool? { kind == .boolean ? node.pointee.type == JSON_TRUE : nil }

    public var string: String? {
      guard kind == .string, let start = json_string_value(node) else { return nil }
      return String(
        decoding: UnsafeRawBufferPointer(start: start, count: json_string_length(node)), as: UTF8.self)
    }

    /// Elements of an array, members of an object, else 0.
    public var count: Int { kind == .object ? json_object_size(node) : json_array_size(node) }

    public func element(_ index: Int) -> Value? {
      guard index >= 0, let child = json_array_get(node, index) else { return nil }
      return Value(document: document, node: child)
    }

    public func member(_ key: String) -> Value? {
      json_object_get(node, key).map { Value(document: document, node: $0) }
    }

    /// The members of an object in the order of the text; nothing for other values.
    public func forEachMember<E: Error>(_ body: (String, Value) throws(E) -> Void) throws(E) {
      var iterator = json_object_iter(node)
      while let here = iterator {
        if let key = json_object_iter_key(here), let child = json_object_iter_value(here) {
          try body(String(cString: key), Value(document: document, node: child))
        }
        iterator = json_object_iter_next(node, here)
      }
    }

    /// How a message shows the value: `"text"`, `3`, `an object`.
    public var shown: String {
      switch kind {
      case .object: "an object"
      case .array: "an array of \(count)"
      case .string: quoted(string ?? "")
      case .integer: "\(json_integer_value(node))"
      case .real: "\(json_real_value(node))"
      case .boolean: boolean == true ? "true" : "false"
      case .null: "null"
      }
    }
  }
}
