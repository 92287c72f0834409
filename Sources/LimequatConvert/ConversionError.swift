public import LimequatBytes
public import LimequatCheckpoint
public import LimequatContainer
public import LimequatGraph
public import LimequatText

/// Why a checkpoint cannot be converted. Every case names the file, key or tensor, what was expected and
/// what was found.
public enum ConversionError: Error, Sendable {
  /// The checkpoint's own container cannot be read.
  case checkpoint(CheckpointError)
  /// No architecture takes this source.
  case unrecognised(source: String, found: String)
  /// A key of config.json; keys of inner objects are written `tokenizer/eos_id`.
  case config(file: String, key: String, expected: String, found: String)
  /// A tensor that the architecture does not want so.
  case tensor(name: String, expected: String, found: String)
  /// A tokenizer file.
  case tokenizer(file: String, expected: String, found: String)
  /// Tables of a tokenizer file that no tokenizer can be made of.
  case tokenizerTables(file: String, TextError)
  /// A NaN or an infinity. `element` counts in row-major order.
  case notFinite(tensor: String, element: Int)
  /// A value that the wanted type cannot hold.
  case overflow(tensor: String, element: Int, value: Float, type: String)
  /// The output could not be written, or what was to be written breaks a rule of the format.
  case container(ContainerError)
  /// A graph that the format does not allow.
  case graph(GraphError)
  case memory(BytesError)
}

extension ConversionError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .checkpoint(let error): error.description
    case .unrecognised(let source, let found):
      "\(source): no known checkpoint (\(Architecture.list)): \(found)"
    case .config(let file, let key, let expected, let found):
      "\(file): \(quoted(key)): expected \(expected), found \(found)"
    case .tensor(let name, let expected, let found):
      "tensor \(quoted(name)): expected \(expected), found \(found)"
    case .tokenizer(let file, let expected, let found): "\(file): expected \(expected), found \(found)"
    case .tokenizerTables(let file, let error): "\(file): \(error)"
    case .notFinite(let tensor, let element):
      "tensor \(quoted(tensor)): expected finite numbers, found a NaN or an infinity at element \(element)"
    case .overflow(let tensor, let element, let value, let type):
      "tensor \(quoted(tensor)): element \(element) is \(value), which \(type) cannot hold"
    case .container(let error): error.description
    case .graph(let error): error.description
    case .memory(let error): error.description
    }
  }
}

/// Runs `body`, whose failures are those of the checkpoint.
func withCheckpoint<R: ~Copyable>(_ body: () throws(CheckpointError) -> R) throws(ConversionError) -> R {
  do throws(CheckpointError) { return try body() } catch { throw .checkpoint(error) }
}

/// Runs `body`, whose failures are those of the output.
func withContainer<R: ~Copyable>(_ body: () throws(ContainerError) -> R) throws(ConversionError) -> R {
  do throws(ContainerError) { return try body() } catch { throw .container(error) }
}

/// Runs `body`, whose failures are those of memory.
func withMemory<R: ~Copyable>(_ body: () throws(BytesError) -> R) throws(ConversionError) -> R {
  do throws(BytesError) { return try body() } catch { throw .memory(error) }
}
