internal import LimequatBytes

/// The best path through a normalised text: SentencePiece 0.2.3's optimised Viterbi, with its order of f32
/// additions and its preference for the earlier of equal paths (formats/tokenizer.md).
struct UnigramPath: ~Copyable {
  /// The best way to get to a byte of the text. Where no character begins, `start` stays -1.
  private struct Step {
    var score: Float = 0
    /// Where the last piece begins; after `reverse`, where the next one ends.
    var start: Int32 = -1
    /// `unknown` for the unknown piece.
    var piece: Int32 = unknown
  }

  /// Stands for the unknown piece.
  static let unknown: Int32 = -1
  /// Scores are brought back to zero beyond this, so that long texts keep their precision.
  private static let scoreBound: Float = 100_000

  private let steps: Buffer
  private let count: Int

  private var step: UnsafeMutablePointer<Step> { steps.start.assumingMemoryBound(to: Step.self) }

  /// `text` is what the normaliser gave, so it is not longer than NormalizedText.most.
  init(
    _ text: UnsafeRawBufferPointer, trie: borrowing PieceTrie, tables: UnigramTables, unknownScore: Float
  ) throws(TextError) {
    count = text.count
    steps = try allocate((text.count + 1) * MemoryLayout<Step>.stride)
    steps.start.bindMemory(to: Step.self, capacity: text.count + 1)
      .initialize(repeating: Step(), count: text.count + 1)
    var start = 0
    var frontier = 0
    while start < count {
      if abs(step[start].score) > Self.scoreBound { rebase(start, frontier) }
      let score = step[start].score
      let length = min(UTF8Character.announced(text[start]), count - start)
      var isCovered = false
      var node = PieceTrie.root
      var end = start
      while end < count {
        node = trie.child(node, text[end])
        if node == PieceTrie.absent { break }
        end += 1
        let piece = trie.piece(node)
        if piece < 0 { continue }
        if end > frontier { frontier = end }
        let bytes = end - start
        reach(end, from: start, piece, Self.score(Int(piece), bytes, tables) + score)
        if bytes == length { isCovered = true }
      }
      if !isCovered {
        if start + length > frontier { frontier = start + length }
        reach(start + length, from: start, Self.unknown, unknownScore + score)
      }
      start += length
    }
    reverse()
  }

  private static func score(_ piece: Int, _ bytes: Int, _ tables: UnigramTables) -> Float {
    // A user-defined piece beats what it could be cut into.
    if tables.type(piece) == PieceType.userDefined { return Float(0.1 * Double(bytes - 1)) }
    return tables.score(piece)
  }

  private func reach(_ end: Int, from start: Int, _ piece: Int32, _ score: Float) {
    if step[end].start == -1 || score > step[end].score {
      step[end] = Step(score: score, start: Int32(truncatingIfNeeded: start), piece: piece)
    }
  }

  private func rebase(_ start: Int, _ frontier: Int) {
    let offset = step[start].score
    for at in start...max(start, frontier) where at == start || step[at].start != -1 {
      step[at].score -= offset
    }
  }

  /// Turns the links from last to first into links from first to last.
  private func reverse() {
    var next: Int32 = -1
    var at = count
    while at > 0 {
      let start = Int(step[at].start)
      step[at].start = next
      next = Int32(truncatingIfNeeded: at)
      // Every piece is UTF-8, so it ends where a character does, and each such place has been reached
      // from an earlier one.
      guard start >= 0, start < at else { break }
      at = start
    }
    step[0].start = next
  }

  /// The pieces of the path in order. The first begins at 0, each ends where the next begins.
  func next(after end: Int) -> (end: Int, piece: Int32)? {
    let next = Int(step[end].start)
    guard next > end else { return nil }
    return (next, step[next].piece)
  }
}
