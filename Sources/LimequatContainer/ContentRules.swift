internal import LimequatBytes
internal import LimequatTensor

/// C36 to C38: what the bytes of a tensor or a block may be.
struct ContentRules {
  let source: ContainerSource
  let item: ContainerItem

  private func fail(_ rule: ContainerRule, _ text: String, at offset: Int) throws(ContainerError) -> Never {
    throw .rule(rule, item, .content(text, offset: offset))
  }

  func checkTensor(_ tensor: TensorEntry, _ reader: inout ExtentReader) throws(ContainerError) {
    switch tensor.layout {
    case .rows: try checkRows(tensor, &reader)
    case .panel32:
      let inputs = tensor.shape[0]
      let outputs = tensor.shape[1]
      guard let codes = Panel.codeBytes(inputs: inputs, outputs: outputs, type: tensor.type),
        let padded = roundUp(outputs, to: Panel.width)
      else { return }
      let isInt8 = tensor.type == .int8
      try checkPanels(
        inputs: inputs, outputs: outputs, type: tensor.type,
        rowSums: isInt8 ? tensor.offset + codes + padded * 4 : nil, &reader)
      if isInt8 { try checkScales(outputs: outputs, padded: padded, &reader) }
    }
  }

  func checkBlock(
    _ block: ExpertBlock, at offset: Int, _ reader: inout ExtentReader
  ) throws(ContainerError) {
    try checkMatrix(block.first, block.encoding, offset, &reader)
    if let gate = block.gate { try checkMatrix(gate, block.encoding, offset, &reader) }
    try checkMatrix(block.second, block.encoding, offset, &reader)
  }

  private func checkMatrix(
    _ matrix: ExpertBlock.Matrix, _ encoding: ElementType, _ offset: Int, _ reader: inout ExtentReader
  ) throws(ContainerError) {
    try checkPanels(
      inputs: matrix.inputs, outputs: matrix.outputs, type: encoding,
      rowSums: matrix.rowSums.map { offset + $0 }, &reader)
    let padded = matrix.paddedOutputs
    if encoding == .int8 { try checkScales(outputs: matrix.outputs, padded: padded, &reader) }
    // The bias.
    try checkFloats(.f32, count: matrix.outputs, &reader)
    try checkZeros((padded - matrix.outputs) * 4, &reader)
  }

  private func checkRows(_ tensor: TensorEntry, _ reader: inout ExtentReader) throws(ContainerError) {
    let count = tensor.shape.count ?? 0
    switch tensor.type {
    case .f32, .f16, .bf16: try checkFloats(tensor.type, count: count, &reader)
    case .int8:
      try checkCodes(count, &reader)
      try checkZeros((roundUp(count, to: 64) ?? count) - count, &reader)
      try checkScaleValues(tensor.shape[0], &reader)
    case .bool:
      try each(count, of: 1, &reader) { (bytes, offset) throws(ContainerError) in
        for byte in bytes where byte > 1 { try fail(.elementValues, "a bool is \(byte)", at: offset) }
      }
    case .u8, .i32, .i64: break
    }
  }

  /// Calls `body` with pieces of the next `count` elements and where each lies in the file.
  func each(
    _ count: Int, of size: Int, _ reader: inout ExtentReader,
    _ body: (UnsafeRawBufferPointer, Int) throws(ContainerError) -> Void
  ) throws(ContainerError) {
    var rest = count * size  // part of an extent
    while rest > 0 {
      let offset = reader.offset
      let bytes = try reader.take(min(rest, ExtentReader.largestTake))
      try body(bytes, offset)
      rest -= bytes.count
    }
  }

  // C38
  private func checkFloats(
    _ type: ElementType, count: Int, _ reader: inout ExtentReader
  ) throws(ContainerError) {
    try each(count, of: type.size, &reader) { (bytes, offset) throws(ContainerError) in
      try checkFinite(type, bytes, at: offset)
    }
  }

  private func checkFinite(
    _ type: ElementType, _ bytes: UnsafeRawBufferPointer, at offset: Int
  ) throws(ContainerError) {
    let areFinite =
      switch type {
      case .f32: allBelow(0x7F80_0000 as UInt32, bytes)
      case .f16: allBelow(0x7C00 as UInt16, bytes)
      default: allBelow(0x7F80 as UInt16, bytes)
      }
    guard areFinite else { try fail(.elementValues, "a number is infinite or not a number", at: offset) }
  }

  /// Whether no element has all bits of `exponent`.
  private func allBelow<Bits: FixedWidthInteger & BitwiseCopyable>(
    _ exponent: Bits, _ bytes: UnsafeRawBufferPointer
  ) -> Bool {
    var isAny = false
    for index in 0..<bytes.count / MemoryLayout<Bits>.size {
      let bits = bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<Bits>.size, as: Bits.self)
      isAny = isAny || bits & exponent == exponent
    }
    return !isAny
  }

  // C36
  private func checkZeros(_ count: Int, _ reader: inout ExtentReader) throws(ContainerError) {
    try each(count, of: 1, &reader) { (bytes, offset) throws(ContainerError) in
      try checkZero(bytes, at: offset)
    }
  }

  private func checkZero(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(ContainerError) {
    for index in bytes.indices where bytes[index] != 0 {
      throw .rule(.padding, item, .notZero(offset: offset + index, found: bytes[index]))
    }
  }

  // C37
  private func checkCodes(_ count: Int, _ reader: inout ExtentReader) throws(ContainerError) {
    try each(count, of: 1, &reader) { (bytes, offset) throws(ContainerError) in
      for index in bytes.indices where bytes[index] == 0x80 {
        try fail(.int8Codes, "a code is -128", at: offset + index)
      }
    }
  }

  private func checkScaleValues(_ count: Int, _ reader: inout ExtentReader) throws(ContainerError) {
    try each(count, of: 4, &reader) { (bytes, offset) throws(ContainerError) in
      for start in stride(from: 0, to: bytes.count, by: 4) {
        // Positive floats are the bit patterns below that of infinity.
        guard bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self) < 0x7F80_0000 else {
          try fail(.int8Codes, "a scale is negative or not finite", at: offset + start)
        }
      }
    }
  }

  /// Scales with their padding; the row sums behind them were compared panel by panel.
  private func checkScales(
    outputs: Int, padded: Int, _ reader: inout ExtentReader
  ) throws(ContainerError) {
    try checkScaleValues(outputs, &reader)
    try checkZeros((padded - outputs) * 4, &reader)
    try each(padded, of: 4, &reader) { (_, _) throws(ContainerError) in }
  }

  /// The panels of a matrix; `rowSums` is the place in the file of an int8 matrix's row sums.
  private func checkPanels(
    inputs: Int, outputs: Int, type: ElementType, rowSums: Int?, _ reader: inout ExtentReader
  ) throws(ContainerError) {
    let panels = Panel.count(outputs: outputs) ?? 0
    for panel in 0..<panels {
      let lanes = min(outputs - panel * Panel.width, Panel.width)
      if let rowSums {
        try checkCodePanel(inputs: inputs, lanes: lanes, sumsAt: rowSums + panel * 128, &reader)
      } else {
        try checkFloatPanel(inputs: inputs, lanes: lanes, type: type, &reader)
      }
    }
  }

  private func checkFloatPanel(
    inputs: Int, lanes: Int, type: ElementType, _ reader: inout ExtentReader
  ) throws(ContainerError) {
    let used = lanes * type.size
    for _ in 0..<inputs {
      let offset = reader.offset
      let row = try reader.take(Panel.width * type.size)
      try checkFinite(type, row, at: offset)
      try checkZero(UnsafeRawBufferPointer(rebasing: row[used...]), at: offset + used)
    }
  }

  private func checkCodePanel(
    inputs: Int, lanes: Int, sumsAt: Int, _ reader: inout ExtentReader
  ) throws(ContainerError) {
    var sums = [32 of Int32](repeating: 0)
    var input = 0
    while input < inputs {
      let offset = reader.offset
      let group = try reader.take(Panel.width * Panel.group)
      let used = min(inputs - input, Panel.group)
      for index in group.indices {
        let byte = group[index]
        let lane = index / Panel.group
        guard byte != 0x80 else { try fail(.int8Codes, "a code is -128", at: offset + index) }
        guard byte == 0 || (lane < lanes && index % Panel.group < used) else {
          throw .rule(.padding, item, .notZero(offset: offset + index, found: byte))
        }
        // At most 131,072 codes of at most 127: fits 32 bits.
        sums[lane] &+= Int32(Int8(truncatingIfNeeded: byte))  // the same 8 bits, by intent
      }
      input += Panel.group
    }
    try checkRowSums(sums, at: sumsAt)
  }

  private func checkRowSums(_ sums: [32 of Int32], at offset: Int) throws(ContainerError) {
    let stored = try withBytes { () throws(BytesError) in try Buffer(size: 128) }
    try source.read(offset: offset, into: stored.bytes)
    for lane in sums.indices {
      let value = stored.bytes.load(fromByteOffset: lane * 4, as: Int32.self)
      guard value == sums[lane] else {
        try fail(.int8Codes, "a row sum is \(value), expected \(sums[lane])", at: offset + lane * 4)
      }
    }
  }
}
