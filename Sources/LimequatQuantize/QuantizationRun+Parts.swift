internal import LimequatBytes
internal import LimequatContainer
internal import LimequatTensor

/// The bytes of one part: read in pieces, computed by workers, written in order.
extension QuantizationRun {
  /// `size` bytes as they are.
  func copy(_ reader: inout ExtentReader, _ size: Int) throws(QuantizeError) {
    var left = size
    while left > 0 {
      let count = min(left, QuantizationRun.chunkSize)
      let slot = try read(&reader, count)
      try pipeline.submit(slot, nil) { [self] () throws(QuantizeError) in
        try write(UnsafeRawBufferPointer(slot.input.bytes))
      }
      left -= count
    }
  }

  /// Float panels to int8 panels, scales and row sums.
  func matrix(
    _ reader: inout ExtentReader, _ item: QuantizedItem, _ name: String, type: ElementType, inputs: Int,
    outputs: Int
  ) throws(QuantizeError) -> MatrixRows {
    let panelSize = inputs * Panel.width * type.size  // inputs are at most 131,072
    let panels = (outputs - 1) / Panel.width + 1
    let piece = max(1, QuantizationRun.chunkSize / panelSize)
    let rows = try MatrixRows.make(panels * Panel.width)
    var first = 0
    while first < panels {
      let count = min(piece, panels - first)
      let begin = first * Panel.width
      let real = min(outputs - begin, count * Panel.width)
      let slot = try read(&reader, count * panelSize)
      try pipeline.submit(slot, .panels(type: type, inputs: inputs, outputs: real)) {
        [self] () throws(QuantizeError) in
        try check(slot, item) { .weight(matrix: name, input: $0, output: begin + $1) }
        try write(UnsafeRawBufferPointer(slot.output.bytes))
        rows.append(slot, stored: count * Panel.width, real: real)
      }
      first += count
    }
    try pipeline.then { [self] () throws(QuantizeError) in
      try rows.withScales { (bytes) throws(QuantizeError) in try write(bytes) }
      try rows.withSums { (bytes) throws(QuantizeError) in try write(bytes) }
    }
    return rows
  }

  /// The bias of a matrix of an expert, as it is; it must be finite.
  func bias(
    _ reader: inout ExtentReader, _ item: QuantizedItem, _ name: String, _ matrix: ExpertBlock.Matrix
  ) throws(QuantizeError) {
    let slot = try read(&reader, matrix.end - matrix.bias)
    try pipeline.submit(slot, nil) { [self] () throws(QuantizeError) in
      let values = slot.input.bytes.bindMemory(to: Float.self)
      for output in 0..<matrix.outputs where !values[output].isFinite {
        throw .notFinite(item, .bias(matrix: name, output: output))
      }
      try write(UnsafeRawBufferPointer(slot.input.bytes))
    }
  }

  /// Float rows to int8 rows and scales.
  func table(
    _ reader: inout ExtentReader, _ tensor: TensorEntry, _ name: String
  ) throws(QuantizeError) -> MatrixRows {
    let columns = tensor.shape[1]  // at most 131,072
    let rows = try MatrixRows.make(tensor.shape[0])
    var first = 0
    while first < tensor.shape[0] {
      let begin = first
      let count = min(Panel.width, tensor.shape[0] - first)
      let slot = try read(&reader, count * columns * tensor.type.size)
      try pipeline.submit(slot, .rows(type: tensor.type, rows: count, columns: columns)) {
        [self] () throws(QuantizeError) in
        try check(slot, .tensor(name)) { .element((begin + $1) * columns + $0) }
        try write(UnsafeRawBufferPointer(slot.output.bytes))
        rows.append(slot, stored: count, real: count)
      }
      first += count
    }
    let codes = tensor.shape[0] * columns  // as many bytes as elements that lie in the file
    try pipeline.then { [self] () throws(QuantizeError) in
      try withUnsafeBytes(of: SIMD64<UInt8>.zero) { (zeros) throws(QuantizeError) in
        try write(UnsafeRawBufferPointer(rebasing: zeros.prefix((64 - codes % 64) % 64)))
      }
      try rows.withScales { (bytes) throws(QuantizeError) in try write(bytes) }
    }
    return rows
  }

  /// Float elements to f16, whatever the layout.
  func half(
    _ reader: inout ExtentReader, _ tensor: TensorEntry, _ name: String
  ) throws(QuantizeError) {
    let inputs = tensor.shape[0]
    var first = 0
    while first < tensor.size / tensor.type.size {
      let begin = first
      let count = min(QuantizationRun.chunkSize, tensor.size - first * tensor.type.size) / tensor.type.size
      let slot = try read(&reader, count * tensor.type.size)
      try pipeline.submit(slot, .half(type: tensor.type, count: count)) {
        [self] () throws(QuantizeError) in
        if case .beyondHalf(let element, let value)? = slot.fault {
          let index = begin + element
          let place: QuantizedPlace =
            tensor.layout == .rows
            ? .element(index)
            : .weight(
              matrix: "", input: index / Panel.width % inputs,
              output: index / Panel.width / inputs * Panel.width + index % Panel.width)
          throw value.isFinite
            ? .tooLargeForF16(.tensor(name), place, value: value) : .notFinite(.tensor(name), place)
        }
        try check(slot, .tensor(name)) { _, _ in .element(begin) }
        try write(UnsafeRawBufferPointer(slot.output.bytes))
      }
      first += count
    }
  }

  private func read(_ reader: inout ExtentReader, _ count: Int) throws(QuantizeError) -> Slot {
    let slot = try pipeline.slot(count)
    try reader.read(into: slot.input.bytes)
    advance(count)
    return slot
  }

  private func write(_ bytes: UnsafeRawBufferPointer) throws(QuantizeError) {
    try target { () throws(ContainerError) in try writer.write(bytes) }
  }

  private func check(
    _ slot: Slot, _ item: QuantizedItem, _ place: (_ input: Int, _ output: Int) -> QuantizedPlace
  ) throws(QuantizeError) {
    switch slot.fault {
    case nil, .beyondHalf: return
    case .memory(let error): throw .memory(error)
    case .notFinite(let input, let output): throw .notFinite(item, place(input, output))
    }
  }
}
