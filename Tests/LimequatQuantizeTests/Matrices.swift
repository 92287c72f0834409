import LimequatBytes
import LimequatTensor
import LimequatTestSupport
import Testing

/// One matrix of Fixtures/matrices.bin, with what quantize.py made of it.
struct Matrix: Sendable, CustomTestStringConvertible {
  var inputs: Int
  var outputs: Int
  /// Row-major (inputs, outputs).
  var weights: [Float]
  /// The int8 PANEL32 tensor.
  var panels: [UInt8]
  /// The int8 ROWS tensor of the transpose.
  var rows: [UInt8]

  var testDescription: String { "\(inputs) x \(outputs)" }

  static let all: [Matrix] = (try? read()) ?? []

  private static func read() throws -> [Matrix] {
    let file = try bytes(ofFile: packageRoot + "/Tests/LimequatQuantizeTests/Fixtures/matrices.bin")
    var at = 0
    func word() -> UInt32 {
      at += 4
      return file[at - 4..<at].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
    func take(_ count: Int?) -> [UInt8] {
      at += count ?? 0
      return Array(file[at - (count ?? 0)..<at])
    }
    return (0..<word()).map { _ in
      let inputs = Int(word())
      let outputs = Int(word())
      return Matrix(
        inputs: inputs, outputs: outputs,
        weights: (0..<inputs * outputs).map { _ in Float(bitPattern: word()) },
        panels: take(storedSize(type: .int8, layout: .panel32, shape: Shape(of: inputs, outputs))),
        rows: take(storedSize(type: .int8, layout: .rows, shape: Shape(of: outputs, inputs))))
    }
  }

  /// The weights as PANEL32 of a float type.
  func stored(_ type: ElementType) -> [UInt8] {
    var values = [Float](repeating: 0, count: (outputs + 31) / 32 * inputs * 32)
    for input in 0..<inputs {
      for output in 0..<outputs {
        values[(output / 32 * inputs + input) * 32 + output % 32] = weights[input * outputs + output]
      }
    }
    return floatBytes(values, type)
  }

  /// The transpose as ROWS of a float type.
  func storedRows(_ type: ElementType) -> [UInt8] {
    floatBytes((0..<outputs * inputs).map { weights[$0 % inputs * outputs + $0 / inputs] }, type)
  }
}

func floatBytes(_ values: [Float], _ type: ElementType) -> [UInt8] {
  var writer = ByteWriter()
  for value in values {
    switch type {
    case .f16: writer.write(Half.round(value))
    case .bf16: writer.write(BFloat16.round(value))
    default: writer.write(value)
    }
  }
  return writer.bytes
}
