internal import LimequatBytes
internal import LimequatCheckpoint
internal import LimequatContainer
internal import LimequatTensor

/// Carries weights from a checkpoint to a writer: reads a slice, refuses what is not finite, casts, packs,
/// writes.
final class WeightStream {
  private let checkpoint: Checkpoint
  private let writer: ContainerWriter
  private let input = GrowingBuffer()
  private let output = GrowingBuffer()

  /// Rows and panels go out in pieces of about this many bytes: they stay in a core's cache from packing to
  /// writing.
  private static let pieceSize = 512 << 10

  init(_ checkpoint: Checkpoint, _ writer: ContainerWriter) {
    self.checkpoint = checkpoint
    self.writer = writer
  }

  func tensor(_ draft: ModelDraft.TensorDraft) throws(ConversionError) {
    switch draft.source {
    case .bytes(let bytes):
      // Array's own withUnsafeBytes rethrows untyped.
      let result: Result<Void, ConversionError> = bytes.withUnsafeBytes { raw in
        do throws(ConversionError) { return .success(try write(raw)) } catch { return .failure(error) }
      }
      try result.get()
    case .tensor(let index) where draft.layout == .panel32:
      let source = Source(checkpoint, index, rows: 0..<checkpoint.tensors[index].rows)
      try matrix(source, inputs: draft.shape[0], outputs: draft.shape[1], type: draft.type)
    case .tensor(let index): try rows(index, type: draft.type)
    }
  }

  /// The panels and the bias of one of an expert's matrices.
  func layer(
    _ layer: ModelDraft.ExpertBankDraft.Layer, _ expert: Int, _ inputs: Int, _ outputs: Int,
    _ type: ElementType
  ) throws(ConversionError) {
    try matrix(
      Source(checkpoint, layer.kernel, rows: expert..<expert + 1), inputs: inputs, outputs: outputs,
      type: type)
    let source = Source(checkpoint, layer.bias, rows: expert..<expert + 1)
    let bytes = try read(source)
    try checkFinite(bytes, source)
    let padded = try output.bytes((outputs + Panel.width - 1) / Panel.width * Panel.width * 4)
    padded.initializeMemory(as: UInt8.self, repeating: 0)
    try cast(
      bytes, source,
      into: UnsafeMutableRawBufferPointer(rebasing: padded[..<(outputs * 4)]), .f32)
    try write(UnsafeRawBufferPointer(padded))
  }

  /// A range of a tensor's leading axis.
  private struct Source {
    let index: Int
    let rows: Range<Int>
    let type: ElementType
    let name: String
    /// Elements in front of the range.
    let first: Int
    let count: Int

    init(_ checkpoint: Checkpoint, _ index: Int, rows: Range<Int>) {
      let tensor = checkpoint.tensors[index]
      self.index = index
      self.rows = rows
      type = tensor.type.weight ?? .f32  // drafts take no other types
      name = tensor.name
      let width = tensor.rowElements
      first = rows.lowerBound * width
      count = rows.count * width
    }
  }

  private func read(_ source: Source) throws(ConversionError) -> UnsafeRawBufferPointer {
    let bytes = try input.bytes(source.count * source.type.size)
    try withCheckpoint { () throws(CheckpointError) in
      try checkpoint.read(source.index, leading: source.rows, into: bytes)
    }
    return UnsafeRawBufferPointer(bytes)
  }

  private func checkFinite(_ bytes: UnsafeRawBufferPointer, _ source: Source) throws(ConversionError) {
    guard let element = FiniteCheck.firstFault(bytes, source.type) else { return }
    throw .notFinite(tensor: source.name, element: source.first + element)
  }

  private func matrix(
    _ source: Source, inputs: Int, outputs: Int, type: ElementType
  ) throws(ConversionError) {
    let bytes = try read(source)
    // A cast may turn a NaN into a number, so that one is looked for before. Without a cast the panels are
    // checked, while they are in the cache.
    if source.type != type { try checkFinite(bytes, source) }
    let packing = PanelPacking(inputs: inputs, outputs: outputs, from: source.type, to: type)
    let step = max(1, Self.pieceSize / max(packing.panelSize, 1))
    var panel = 0
    while panel < packing.panelCount {
      let end = min(panel + step, packing.panelCount)
      let panels = try output.bytes((end - panel) * packing.panelSize)
      packing.run(panel..<end, from: bytes, into: panels)
      if FiniteCheck.hasFault(UnsafeRawBufferPointer(panels), type) {
        try checkFinite(bytes, source)
        throw overflow(bytes, source, type)
      }
      try write(UnsafeRawBufferPointer(panels))
      panel = end
    }
  }

  private func rows(_ index: Int, type: ElementType) throws(ConversionError) {
    let tensor = checkpoint.tensors[index]
    let rowSize = tensor.rowElements * 4
    let step = max(1, Self.pieceSize / max(rowSize, 1))
    var row = 0
    while row < tensor.rows {
      let end = min(row + step, tensor.rows)
      let source = Source(checkpoint, index, rows: row..<end)
      let bytes = try read(source)
      try checkFinite(bytes, source)
      if source.type == type {
        try write(bytes)
      } else {
        let result = try output.bytes(source.count * type.size)
        try cast(bytes, source, into: result, type)
        try write(UnsafeRawBufferPointer(result))
      }
      row = end
    }
  }

  private func cast(
    _ bytes: UnsafeRawBufferPointer, _ source: Source, into result: UnsafeMutableRawBufferPointer,
    _ type: ElementType
  ) throws(ConversionError) {
    guard let from = bytes.baseAddress, let to = result.baseAddress else { return }
    ElementCast.run(from, source.type, to, type, count: source.count)
    if FiniteCheck.hasFault(UnsafeRawBufferPointer(result), type) {
      throw overflow(bytes, source, type)
    }
  }

  /// Finds the first element that `type` cannot hold.
  private func overflow(
    _ bytes: UnsafeRawBufferPointer, _ source: Source, _ type: ElementType
  ) -> ConversionError {
    var wide: Float = 0
    var narrow: UInt32 = 0
    for element in 0..<source.count {
      guard let place = bytes.baseAddress.map({ $0 + element * source.type.size }) else { break }
      withUnsafeMutableBytes(of: &wide) { target in
        if let start = target.baseAddress { ElementCast.run(place, source.type, start, .f32, count: 1) }
      }
      let isHeld = withUnsafeMutableBytes(of: &narrow) { target in
        guard let start = target.baseAddress else { return true }
        ElementCast.run(place, source.type, start, type, count: 1)
        return FiniteCheck.isFinite(UnsafeRawBufferPointer(target), 0, type)
      }
      if !isHeld {
        return .overflow(
          tensor: source.name, element: source.first + element, value: wide, type: type.description)
      }
    }
    return .overflow(tensor: source.name, element: source.first, value: wide, type: type.description)
  }

  private func write(_ bytes: UnsafeRawBufferPointer) throws(ConversionError) {
    try withContainer { () throws(ContainerError) in try writer.write(bytes) }
  }
}

/// Memory that is kept between uses and grows when more is wanted.
private final class GrowingBuffer {
  private var buffer: Buffer?

  /// The first `count` bytes; the content is not kept from use to use.
  func bytes(_ count: Int) throws(ConversionError) -> UnsafeMutableRawBufferPointer {
    if (buffer?.size ?? -1) < count {
      buffer = nil
      buffer = try withMemory { () throws(BytesError) in try Buffer(size: count) }
    }
    return UnsafeMutableRawBufferPointer(rebasing: (buffer?.bytes ?? .init(start: nil, count: 0))[..<count])
  }
}

extension Checkpoint.Tensor {
  /// Elements of the leading axis; a scalar has one row.
  var rows: Int { shape.rank == 0 ? 1 : shape[0] }
  /// Elements of one row. The whole size fits, so this does.
  var rowElements: Int { shape.rank == 0 ? 1 : shape.product(1..<shape.rank) ?? 0 }
}
