internal import LimequatBytes

/// A byte trie over pieces, for finding every piece that a text begins with.
///
/// Nodes are numbered level by level, so that the children of a node lie together, ascending by label, and
/// the children of the next node follow. A node is thus a label, where its children begin, and a piece.
struct PieceTrie: ~Copyable {
  struct Node {
    /// Of its children; they end where those of the next node begin.
    var first: UInt32
    /// -1 if no piece ends here.
    var piece: Int32
  }

  /// No node is a child of none, so 0, the root, stands for no child.
  static let absent: UInt32 = 0
  static let root: UInt32 = 0

  private let nodes: Buffer
  private let labels: Buffer
  /// The root's child for each byte.
  private let starts: Buffer

  init(nodes: consuming Buffer, labels: consuming Buffer, starts: consuming Buffer) {
    self.nodes = nodes
    self.labels = labels
    self.starts = starts
  }

  /// `node` is the root or was answered by this function.
  func child(_ node: UInt32, _ byte: UInt8) -> UInt32 {
    if node == Self.root { return starts.start.assumingMemoryBound(to: UInt32.self)[Int(byte)] }
    let label = labels.start.assumingMemoryBound(to: UInt8.self)
    let range = nodes.start.assumingMemoryBound(to: Node.self) + Int(node)
    var low = Int(range[0].first)
    var high = Int(range[1].first)
    while high - low > 8 {
      let middle = (low + high) / 2
      if label[middle] < byte { low = middle + 1 } else { high = middle + 1 }
    }
    while low < high {
      if label[low] == byte { return UInt32(truncatingIfNeeded: low) }  // below the number of nodes
      low += 1
    }
    return Self.absent
  }

  /// The piece that ends at a node, or -1.
  func piece(_ node: UInt32) -> Int32 {
    nodes.start.assumingMemoryBound(to: Node.self)[Int(node)].piece
  }
}
