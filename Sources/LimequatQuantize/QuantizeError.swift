public import LimequatBytes
public import LimequatContainer
public import LimequatGraph

/// Why a model could not be quantised. The target is then as it was.
public enum QuantizeError: Error, Sendable {
  /// The model cannot be read.
  case source(ContainerError)
  /// The quantised model cannot be written.
  case target(ContainerError)
  /// A graph, which says what a weight is for, cannot be read.
  case graph(signature: String, GraphError)
  case memory(BytesError)
  /// A weight is infinite or not a number.
  case notFinite(QuantizedItem, QuantizedPlace)
  /// A weight of 65,520 or more would become infinite in f16.
  case tooLargeForF16(QuantizedItem, QuantizedPlace, value: Float)
}

/// What an error speaks of.
public enum QuantizedItem: Sendable, Equatable {
  case tensor(String)
  case expert(Int, bank: String)
}

/// An element of a matrix or of another tensor.
public enum QuantizedPlace: Sendable, Equatable {
  /// In row-major order.
  case element(Int)
  /// `matrix` is first, gate or second in an expert; empty for a tensor.
  case weight(matrix: String, input: Int, output: Int)
  case bias(matrix: String, output: Int)
}

extension QuantizeError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .source(let error): "reading the model: \(error)"
    case .target(let error): "writing the quantised model: \(error)"
    case .graph(let signature, let error): "graph of signature \"\(signature)\": \(error)"
    case .memory(let error): error.description
    case .notFinite(let item, let place): "\(item): \(place) is not finite"
    case .tooLargeForF16(let item, let place, let value):
      "\(item): \(place) is \(value), but f16 ends at 65504"
    }
  }
}

extension QuantizedItem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .tensor(let name): "tensor \"\(name)\""
    case .expert(let index, let bank): "expert \(index) of bank \"\(bank)\""
    }
  }
}

extension QuantizedPlace: CustomStringConvertible {
  public var description: String {
    switch self {
    case .element(let index): "element \(index)"
    case .weight(let matrix, let input, let output):
      "the \(matrix.isEmpty ? "" : matrix + " ")weight of input \(input) and output \(output)"
    case .bias(let matrix, let output): "the \(matrix) bias of output \(output)"
    }
  }
}

/// Runs `body`, whose failures are those of the model to be read.
func source<R: ~Copyable>(_ body: () throws(ContainerError) -> R) throws(QuantizeError) -> R {
  do throws(ContainerError) { return try body() } catch { throw .source(error) }
}

/// Runs `body`, whose failures are those of the model to be written.
func target<R: ~Copyable>(_ body: () throws(ContainerError) -> R) throws(QuantizeError) -> R {
  do throws(ContainerError) { return try body() } catch { throw .target(error) }
}

/// Runs `body`, whose failures are those of the memory.
func memory<R: ~Copyable>(_ body: () throws(BytesError) -> R) throws(QuantizeError) -> R {
  do throws(BytesError) { return try body() } catch { throw .memory(error) }
}
