internal import CLimequatQuantize
internal import Dispatch
internal import LimequatBytes
internal import LimequatTensor

/// What a worker does with the bytes of a slot.
enum SlotJob: Sendable {
  /// Panels [..][inputs][32] to int8 panels; `outputs` of all lanes are real, the others become 0.
  case panels(type: ElementType, inputs: Int, outputs: Int)
  /// At most 32 rows, to the codes of int8 rows.
  case rows(type: ElementType, rows: Int, columns: Int)
  case half(type: ElementType, count: Int)
}

/// Why a job failed.
enum SlotFault: Sendable {
  case memory(BytesError)
  case notFinite(input: Int, output: Int)
  /// By the place among the elements of the slot.
  case beyondHalf(element: Int, value: Float)
}

/// The memory for one piece of work, used again and again. One thread at a time owns it: the reader fills it,
/// a worker computes and signals, the reader takes it back.
final class Slot: @unchecked Sendable {
  private(set) var input = GrowingBuffer()
  private(set) var output = GrowingBuffer()
  private var wide = GrowingBuffer()
  private var panel = GrowingBuffer()
  private var rows = GrowingBuffer()
  private(set) var rowCount = 0
  private(set) var fault: SlotFault?
  let done = DispatchSemaphore(value: 0)

  /// Bytes that are held.
  var heldBytes: Int { input.capacity + output.capacity + wide.capacity + panel.capacity + rows.capacity }

  /// Room for `size` bytes of input.
  func take(_ size: Int) throws(BytesError) -> UnsafeMutableRawBufferPointer {
    fault = nil
    rowCount = 0
    return try input.take(size)
  }

  func perform(_ job: SlotJob) {
    do throws(BytesError) {
      switch job {
      case .panels(let type, let inputs, let outputs):
        try quantizePanels(type: type, inputs: inputs, outputs: outputs)
      case .rows(let type, let rows, let columns):
        try quantizeRows(type: type, rows: rows, columns: columns)
      case .half(let type, let count): try roundToHalf(type: type, count: count)
      }
    } catch { fault = .memory(error) }
  }

  /// What became known of the rows that were quantised.
  var scales: UnsafeBufferPointer<Float> { rowValues(at: 16) }
  var sums: UnsafeBufferPointer<Int32> { rowValues(at: 20) }
  var signal: UnsafeBufferPointer<Double> { rowValues(at: 0) }
  var noise: UnsafeBufferPointer<Double> { rowValues(at: 8) }

  private func rowValues<T>(at offset: Int) -> UnsafeBufferPointer<T> {
    let start = UnsafeRawPointer(rows.bytes.baseAddress)?.advanced(by: offset * rowCount)
    return UnsafeBufferPointer(start: start?.assumingMemoryBound(to: T.self), count: rowCount)
  }

  private func takeRows(_ count: Int) throws(BytesError) {
    _ = try rows.take(count * 24)
    rowCount = count
  }

  /// Where the C function puts what it learns of the panel whose first row this is.
  private func destination(_ row: Int) -> lmq_panel_rows {
    lmq_panel_rows(
      scales: UnsafeMutablePointer(mutating: scales.baseAddress)?.advanced(by: row),
      sums: UnsafeMutablePointer(mutating: sums.baseAddress)?.advanced(by: row),
      signal: UnsafeMutablePointer(mutating: signal.baseAddress)?.advanced(by: row),
      noise: UnsafeMutablePointer(mutating: noise.baseAddress)?.advanced(by: row))
  }

  private func quantizePanels(type: ElementType, inputs: Int, outputs: Int) throws(BytesError) {
    let panels = (outputs + Panel.width - 1) / Panel.width
    let panelSize = inputs * Panel.width  // inputs are at most 131,072
    let codeSize = (inputs + Panel.group - 1) / Panel.group * Panel.group * Panel.width
    let codes = try output.take(panels * codeSize)
    try takeRows(panels * Panel.width)
    guard let weights = try widened(type: type, count: panels * panelSize),
      let codes = codes.baseAddress?.assumingMemoryBound(to: Int8.self)
    else { return }
    for lane in outputs % Panel.width..<Panel.width where outputs % Panel.width > 0 {
      for input in 0..<inputs { weights[(panels - 1) * panelSize + input * Panel.width + lane] = 0 }
    }
    for index in 0..<panels {
      let bad = lmq_quantize_panel(
        weights + index * panelSize, inputs, codes + index * codeSize, destination(index * Panel.width))
      if bad >= 0 {
        fault = .notFinite(input: bad / Panel.width, output: index * Panel.width + bad % Panel.width)
        return
      }
    }
  }

  private func quantizeRows(type: ElementType, rows: Int, columns: Int) throws(BytesError) {
    let depth = (columns + Panel.group - 1) / Panel.group * Panel.group
    let lanes = try panel.take(columns * Panel.width * 4 + depth * Panel.width)
    let codes = try output.take(rows * columns)
    try takeRows(Panel.width)
    guard let weights = try widened(type: type, count: rows * columns), let lanes = lanes.baseAddress,
      let codes = codes.baseAddress
    else { return }
    let transposed = lanes.assumingMemoryBound(to: Float.self)
    let panelCodes = (lanes + columns * Panel.width * 4).assumingMemoryBound(to: Int8.self)
    lmq_quantize_rows_to_lanes(weights, rows, columns, transposed)
    let bad = lmq_quantize_panel(transposed, columns, panelCodes, destination(0))
    if bad >= 0 {
      fault = .notFinite(input: bad / Panel.width, output: bad % Panel.width)
      return
    }
    lmq_quantize_codes_to_rows(panelCodes, rows, columns, codes.assumingMemoryBound(to: Int8.self))
  }

  private func roundToHalf(type: ElementType, count: Int) throws(BytesError) {
    let halves = try output.take(count * 2)
    guard let values = try widened(type: type, count: count),
      let halves = halves.baseAddress?.assumingMemoryBound(to: UInt16.self)
    else { return }
    let bad = lmq_quantize_round_f16(values, halves, count)
    if bad >= 0 { fault = .beyondHalf(element: bad, value: values[bad]) }
  }

  /// The input as f32: in place, or widened; nil when there is none.
  private func widened(type: ElementType, count: Int) throws(BytesError) -> UnsafeMutablePointer<Float>? {
    guard let start = input.bytes.baseAddress else { return nil }
    if type == .f32 { return start.assumingMemoryBound(to: Float.self) }
    guard let floats = try wide.take(count * 4).baseAddress?.assumingMemoryBound(to: Float.self) else {
      return nil
    }
    let narrow = start.assumingMemoryBound(to: UInt16.self)
    if type == .bf16 {
      lmq_quantize_widen_bf16(narrow, floats, count)
    } else {
      lmq_quantize_widen_f16(narrow, floats, count)
    }
    return floats
  }
}

/// Memory that becomes larger when more is asked for, and keeps nothing of its content then.
struct GrowingBuffer: ~Copyable {
  private var buffer: Buffer?
  private(set) var capacity = 0
  /// As much as was asked for last.
  private(set) var bytes = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  mutating func take(_ size: Int) throws(BytesError) -> UnsafeMutableRawBufferPointer {
    if size > capacity {
      buffer = nil
      bytes = UnsafeMutableRawBufferPointer(start: nil, count: 0)
      capacity = 0
      let larger = try Buffer(size: size)
      bytes = larger.bytes
      buffer = consume larger
      capacity = size
    }
    bytes = UnsafeMutableRawBufferPointer(start: bytes.baseAddress, count: size)
    return bytes
  }
}
