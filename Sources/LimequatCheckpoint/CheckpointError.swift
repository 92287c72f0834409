public import LimequatBytes

/// Why a checkpoint cannot be read. Every case names the file, and where there is one the key or tensor.
public enum CheckpointError: Error, Equatable, Sendable {
  /// A file could not be read.
  case bytes(file: String, BytesError)
  /// A file that must be there is not.
  case missing(file: String)
  /// A folder must have exactly one kind of weights.
  case weights(folder: String, found: [String])
  /// Text that is no JSON, or has a key twice.
  case json(file: String, line: Int, column: Int, reason: String)
  /// JSON that says something else than the format allows.
  case key(file: String, key: String, expected: String, found: String)
  /// Bytes that break a rule of the container.
  case format(file: String, offset: Int, expected: String, found: String)
  /// A tensor that breaks a rule of the container.
  case tensor(file: String, name: String, expected: String, found: String)
  /// A shard and the index disagree about a tensor.
  case shard(file: String, tensor: String, expected: String)
}

extension CheckpointError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .bytes(let file, let error): "\(file): \(error)"
    case .missing(let file): "\(file): there is no such file"
    case .weights(let folder, let found):
      found.isEmpty
        ? "\(folder): no weights; expected one of \(WeightsKind.list)"
        : "\(folder): expected one kind of weights, found \(found.joined(separator: " and "))"
    case .json(let file, let line, let column, let reason):
      "\(file): not acceptable as JSON, line \(line), column \(column): \(reason)"
    case .key(let file, let key, let expected, let found):
      "\(file): \(quoted(key)): expected \(expected), found \(found)"
    case .format(let file, let offset, let expected, let found):
      "\(file), byte \(offset): expected \(expected), found \(found)"
    case .tensor(let file, let name, let expected, let found):
      "\(file): tensor \(quoted(name)): expected \(expected), found \(found)"
    case .shard(let file, let tensor, let expected):
      "\(file): tensor \(quoted(tensor)): \(expected)"
    }
  }
}

/// A name from a file as a message can show it: in quotes, control characters escaped, not endless.
public func quoted(_ name: String) -> String {
  var text = "\""
  var count = 0
  for scalar in name.unicodeScalars {
    guard count < 200 else { return text + "...\"" }
    count += 1
    if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) {
      text += "\\u{\(String(scalar.value, radix: 16))}"
    } else {
      text.unicodeScalars.append(scalar)
    }
  }
  return text + "\""
}
