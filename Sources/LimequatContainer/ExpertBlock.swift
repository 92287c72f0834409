public import LimequatTensor

/// Where the matrices of an expert lie in its block (formats/container.md, "Expert blocks"): for each matrix,
/// in the order first[, gate], second, its panels, for int8 row scales (f32) and row sums (i32), then its
/// bias (f32), all padded to 32 outputs. Every part begins at a multiple of 64 bytes.
public struct ExpertBlock: Sendable {
  /// One matrix of the block; offsets count from the start of the block.
  public struct Matrix: Sendable {
    public let inputs: Int
    public let outputs: Int
    public let panels: Range<Int>
    /// f32 of each padded output; int8 only.
    public let scales: Int?
    /// i32 of each padded output; int8 only.
    public let rowSums: Int?
    /// f32 of each padded output; zeros where the model has none.
    public let bias: Int
    /// Where the matrix ends.
    public let end: Int

    /// Outputs with their padding: a multiple of 32.
    public var paddedOutputs: Int { (end - bias) / 4 }

    init?(inputs: Int, outputs: Int, encoding: ElementType, start: Int) {
      guard let codes = Panel.codeBytes(inputs: inputs, outputs: outputs, type: encoding),
        let matrix = Panel.bytes(inputs: inputs, outputs: outputs, type: encoding),
        let padded = roundUp(outputs, to: Panel.width)
      else { return nil }
      // Widths are at most 131,072 (checked by the block), so a matrix has less than 2^38 bytes.
      self.inputs = inputs
      self.outputs = outputs
      panels = start..<start + codes
      let isInt8 = encoding == .int8
      scales = isInt8 ? start + codes : nil
      rowSums = isInt8 ? start + codes + padded * 4 : nil
      bias = start + matrix
      end = bias + padded * 4
    }
  }

  public let encoding: ElementType
  /// input to hidden
  public let first: Matrix
  /// input to hidden; gated banks only
  public let gate: Matrix?
  /// hidden to output
  public let second: Matrix

  /// In bytes.
  public var size: Int { second.end }

  /// Nil for sizes outside 1...131,072 and for a type that no expert has.
  public init?(
    inputSize: Int, hiddenSize: Int, outputSize: Int, isGated: Bool, encoding: ElementType
  ) {
    let widths = 1...ContainerLimits.matrixInputs
    guard widths.contains(inputSize), widths.contains(hiddenSize), widths.contains(outputSize),
      encoding.isFloat || encoding == .int8,
      let first = Matrix(inputs: inputSize, outputs: hiddenSize, encoding: encoding, start: 0)
    else { return nil }
    var start = first.end
    var gate: Matrix?
    if isGated {
      gate = Matrix(inputs: inputSize, outputs: hiddenSize, encoding: encoding, start: start)
      guard let gate else { return nil }
      start = gate.end
    }
    guard let second = Matrix(inputs: hiddenSize, outputs: outputSize, encoding: encoding, start: start)
    else { return nil }
    self.encoding = encoding
    self.first = first
    self.gate = gate
    self.second = second
  }
}
