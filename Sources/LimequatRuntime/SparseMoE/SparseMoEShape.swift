internal import LimequatGraph

/// Sizes of one SparseMoE node for one set of input dims, and the room that it works in.
struct SparseMoEShape {
  let attributes: SparseMoEAttributes
  let bank: Int
  let tokens: Int
  /// Tokens of an item.
  let sequence: Int
  let experts: Int
  let inputSize: Int
  let hiddenSize: Int
  let outputSize: Int
  let isGated: Bool
  /// Some expert is int8.
  let usesCodes: Bool
  /// Codes of the tokens as they are given; else codes are made of the rounded tokens, or none are needed.
  var takesCodes: Bool { usesCodes && !attributes.dispatchBF16 }
  /// One byte for each expert, 0 where it is absent; nil when none is.
  let present: UnsafePointer<UInt8>?
  let grouping: Grouping

  /// Floats between rows of what lies between the two products of an expert.
  var hiddenStride: Int { usesCodes ? hiddenSize : PaddedRows.stride(hiddenSize) }

  /// (Token, expert) pairs.
  var choices: Int { tokens * attributes.k }

  /// Tokens of a group as the attributes state it, also where nothing can drop.
  var groupSize: Int {
    switch attributes.group {
    case .call: tokens
    case .sequence: sequence
    case .tokens(let count): count
    }
  }

  /// Rows that go through experts together, so that what lies between the two products of an expert stays
  /// near the processor and does not grow with the batch.
  var waveRows: Int {
    let fitting = SparseMoEShape.waveBytes / (4 * max(1, hiddenSize)) / 12 * 12
    return max(1, min(choices, max(fitting, SparseMoEShape.leastWaveRows)))
  }
  private static let waveBytes = 4 << 20
  private static let leastWaveRows = 96

  /// With one choice a token, the rows of a wave are final and leave their buffer at once.
  var outputRows: Int { attributes.k == 1 ? waveRows : choices }
}

/// Where the parts of a SparseMoE's room lie.
struct SparseMoERoom {
  let shape: SparseMoEShape
  let threads: Int
  // Routing: (tokens, K) each.
  let experts, gates, kept: Int
  let scores, counts, order, spare: Int
  // Dispatch.
  let offsets, tokenOfRow, rowOfChoice: Int
  let visits, held, checksums, jobs, products, firstUnits: Int
  let rounded, hidden, gate, outputs, rows: Int
  let tokenCodes, hiddenCodes: CodesRoom?
  let layout: RoomLayout

  init(_ shape: SparseMoEShape, threads: Int) {
    self.shape = shape
    self.threads = threads
    var layout = RoomLayout()
    let (tokens, k, count) = (shape.tokens, shape.attributes.k, shape.experts)
    experts = layout.take(tokens, k, size: 4)
    gates = layout.take(tokens, k, size: 4)
    kept = layout.take(tokens, k, size: 1)
    scores = layout.take(tokens, count, size: 4)
    counts = layout.take(count, size: 4)
    order = layout.take(tokens, size: 4)
    spare = layout.take(tokens, size: 4)
    offsets = layout.take(count + 1, size: 8)
    tokenOfRow = layout.take(tokens, k, size: 4)
    rowOfChoice = layout.take(tokens, k, size: 4)
    visits = layout.take(count, size: 4)
    held = layout.take(count, size: MemoryLayout<HeldExpert>.stride)
    checksums = layout.take(count, size: MemoryLayout<RunningChecksum>.stride)
    jobs = layout.take(count, 2, size: MemoryLayout<Product>.stride)
    products = layout.take(count, 2, size: MemoryLayout<SharedProduct>.stride)
    firstUnits = layout.take(count, 2, size: MemoryLayout<Int>.stride)
    let wave = shape.waveRows
    rounded = shape.attributes.dispatchBF16 ? layout.take(tokens, shape.inputSize, size: 4) : 0
    hidden = layout.take(wave, shape.hiddenStride, size: 4)
    gate = shape.isGated ? layout.take(wave, shape.hiddenStride, size: 4) : 0
    tokenCodes =
      shape.usesCodes && !shape.takesCodes ? CodesRoom(&layout, rows: tokens, width: shape.inputSize) : nil
    hiddenCodes = shape.usesCodes ? CodesRoom(&layout, rows: wave, width: shape.hiddenSize) : nil
    outputs = layout.take(shape.outputRows, shape.outputSize, size: 4)
    rows = layout.take(threads, (shape.outputSize + 15) / 16 * 16, size: 4)
    self.layout = layout
  }
}
