/// Makes safetensors files for tests, good ones and, by giving the header, bad ones.
public enum SafetensorsBuilder {
  public struct Tensor: Sendable {
    public var type: String
    public var shape: [Int]
    public var bytes: [UInt8]

    public init(_ type: String, _ shape: [Int], _ bytes: [UInt8]) {
      self.type = type
      self.shape = shape
      self.bytes = bytes
    }

    /// All elements zero.
    public static func f32(_ shape: [Int]) -> Tensor {
      Tensor("F32", shape, [UInt8](repeating: 0, count: shape.reduce(4, *)))
    }
  }

  public static func file(_ tensors: [String: Tensor]) -> [UInt8] {
    var entries: [String] = []
    var data: [UInt8] = []
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
      let end = data.count + tensor.bytes.count
      entries.append(
        "\"\(name)\":{\"dtype\":\"\(tensor.type)\",\"shape\":\(tensor.shape),"
          + "\"data_offsets\":[\(data.count),\(end)]}"
      )
      data += tensor.bytes
    }
    return file(header: "{" + entries.joined(separator: ",") + "}", data: data)
  }

  /// A file with this header; `size` when it is to lie about the header's size.
  public static func file(header: String, data: [UInt8] = [], size: UInt64? = nil) -> [UInt8] {
    let text = Array(header.utf8)
    let count = size ?? UInt64(text.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * UInt64($0))) } + text + data
  }
}
