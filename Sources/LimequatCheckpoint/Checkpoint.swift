internal import LimequatBytes
public import LimequatTensor

/// Somebody else's checkpoint: names, shapes and types of its tensors, and their elements in slices. Opening
/// reads structure only, never weights.
public final class Checkpoint: Sendable {
  /// Ascending by name in byte order.
  public let tensors: [Tensor]
  let files: [(path: String, file: File)]

  init(tensors: [Tensor], files: [(path: String, file: File)]) {
    self.tensors = tensors
    self.files = files
  }

  /// One tensor and where its elements lie.
  public struct Tensor: Sendable {
    public let name: String
    public let type: ScalarType
    public let shape: Shape
    /// Together they cover the tensor, without overlap.
    var slabs: [Slab]
    /// The file to name in messages.
    public let file: String

    /// Bytes of all elements.
    public var size: Int { slabs.reduce(0) { $0 + $1.size } }
  }

  /// A box of a tensor whose elements follow each other in row-major order, in one or more extents.
  struct Slab: Sendable {
    let start: Shape
    let shape: Shape
    var extents: [Extent]

    var size: Int { extents.reduce(0) { $0 + $1.size } }
  }

  struct Extent: Sendable {
    /// Index into `files`.
    let file: Int
    let offset: Int
    let size: Int
  }

  /// Opens the weights in a folder: exactly one of a safetensors file, a safetensors index with its shards,
  /// or V-MoE's `checkpoint.index` with its data files.
  public static func open(folder: String) throws(CheckpointError) -> Checkpoint {
    let found = WeightsKind.allCases.filter { exists("\(folder)/\($0.rawValue)") }
    guard let kind = found.first, found.count == 1 else {
      throw .weights(folder: folder, found: found.map(\.rawValue))
    }
    let path = "\(folder)/\(kind.rawValue)"
    switch kind {
    case .safetensors: return try Safetensors.open(path: path)
    case .safetensorsIndex: return try Safetensors.open(index: path, folder: folder)
    case .vmoe: return try VMoE.open(index: path, prefix: "\(folder)/checkpoint")
    }
  }

  /// The place of a name in ``tensors``.
  public func index(of name: String) -> Int? {
    var low = 0
    var high = tensors.count
    while low < high {
      let middle = (low + high) / 2
      if precedes(tensors[middle].name, name) { low = middle + 1 } else { high = middle }
    }
    return low < tensors.count && isSame(tensors[low].name, name) ? low : nil
  }
}

/// The files that mark a folder of weights.
enum WeightsKind: String, CaseIterable {
  case safetensors = "model.safetensors"
  case safetensorsIndex = "model.safetensors.index.json"
  case vmoe = "checkpoint.index"

  static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

/// Bounds on what a checkpoint may make the reader hold in memory.
enum Limit {
  /// Bytes of a safetensors header, as the reference implementation has it.
  static let safetensorsHeader = 100_000_000
  /// Bytes of a JSON index.
  static let jsonIndex = 64 << 20
  /// Bytes of a V-MoE index (the largest published models need about 1 MiB).
  static let vmoeIndex = 16 << 20
  static let tensors = 262_144
  /// Tensors of a V-MoE index, whose names are longer than what stands for them in the file.
  static let vmoeTensors = 65_536
  static let shards = 4096
  /// Bytes of a tensor's name.
  static let name = 1024
  /// Nested maps in a V-MoE index.
  static let depth = 32
  /// Slices of one V-MoE tensor.
  static let slices = 4096
  /// Pieces of all slices of a V-MoE checkpoint.
  static let pieces = 1 << 20
}
