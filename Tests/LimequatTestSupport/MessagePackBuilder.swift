/// MessagePack values for tests.
public indirect enum MessagePack: Sendable {
  case null
  case boolean(Bool)
  case integer(Int)
  case string(String)
  case binary([UInt8])
  case array([MessagePack])
  case map([(String, MessagePack)])
  case ext(UInt8, [UInt8])
  /// Bytes as they are.
  case raw([UInt8])

  public var bytes: [UInt8] {
    switch self {
    case .null: [0xC0]
    case .boolean(let value): [value ? 0xC3 : 0xC2]
    case .integer(let value):
      (0...127).contains(value)
        ? [UInt8(value)] : [0xD3] + Self.bigEndian(UInt64(bitPattern: Int64(value)), 8)
    case .string(let text): [0xDB] + Self.bigEndian(UInt64(text.utf8.count), 4) + Array(text.utf8)
    case .binary(let bytes): [0xC6] + Self.bigEndian(UInt64(bytes.count), 4) + bytes
    case .array(let values): [0xDD] + Self.bigEndian(UInt64(values.count), 4) + values.flatMap(\.bytes)
    case .map(let pairs):
      [0xDF] + Self.bigEndian(UInt64(pairs.count), 4)
        + pairs.flatMap { MessagePack.string($0.0).bytes + $0.1.bytes }
    case .ext(let code, let bytes): [0xC9] + Self.bigEndian(UInt64(bytes.count), 4) + [code] + bytes
    case .raw(let bytes): bytes
    }
  }

  private static func bigEndian(_ value: UInt64, _ size: Int) -> [UInt8] {
    (0..<size).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (size - 1 - $0))) }
  }
}

/// The parts of V-MoE's container.
extension MessagePack {
  public static let mark = "__msgpack_array_chunk_a87ca2__"

  /// A sliceNd payload: `[start, stop, nil]` for each axis.
  public static func slice(_ bounds: [(Int, Int)], step: MessagePack = .null) -> [UInt8] {
    MessagePack.array(
      bounds.map { .binary(MessagePack.array([.integer($0.0), .integer($0.1), step]).bytes) }
    ).bytes
  }

  /// A leaf of the index.
  public static func leaf(
    _ dims: [Int], _ dtype: String, slices: [[(Int, Int)]], shards: [Int]
  ) -> MessagePack {
    let shaped = MessagePack.array([
      .array(dims.map { .integer($0) }), .string(dtype), .boolean(false), .map([]),
    ])
    return .ext(
      8,
      MessagePack.array([
        .binary(shaped.bytes), .array(slices.map { .binary(slice($0)) }), .array(shards.map { .integer($0) }),
      ]).bytes)
  }

  /// One slice of a data file, in pieces.
  public static func part(
    _ bounds: [(Int, Int)], _ dtype: String, _ pieces: [[UInt8]], elementSize: Int = 4
  ) -> MessagePack {
    .array([
      .array(
        pieces.map {
          .ext(
            1,
            MessagePack.array([
              .array([.integer($0.count / elementSize)]), .string(dtype), .binary($0),
            ]).bytes)
        }),
      .ext(6, slice(bounds)),
    ])
  }

  public static func data(_ parts: [(String, MessagePack)]) -> MessagePack {
    .map([(mark, .boolean(true))] + parts)
  }

  public static func index(
    _ tree: MessagePack, shards: Int = 1, version: String? = "20220622"
  ) -> MessagePack {
    .map(
      [("shard_count", .integer(shards)), ("index", tree)]
        + (version.map { [("version", .string($0))] } ?? []))
  }
}
