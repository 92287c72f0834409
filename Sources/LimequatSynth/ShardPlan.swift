internal import LimequatTensor

/// One safetensors file: which tensors it holds and the bytes in front of them.
struct ShardPlan: Sendable {
  let file: String
  let tensors: [TensorPlan]
  /// u64 size of the text, then the text.
  let header: [UInt8]

  var size: Int { tensors.reduce(header.count) { $0 + $1.size } }

  private init(file: String, tensors: [TensorPlan]) {
    var text = "{\"__metadata__\":{\"format\":\"np\"}"
    var offset = 0
    for tensor in tensors {
      let shape = tensor.shape.map { "\($0)" }.joined(separator: ",")
      let type = tensor.type == .bf16 ? "BF16" : "F32"
      text += ",\"\(tensor.name)\":{\"dtype\":\"\(type)\",\"shape\":[\(shape)],"
      text += "\"data_offsets\":[\(offset),\(offset + tensor.size)]}"
      offset += tensor.size
    }
    text += "}"
    // Blanks, so that the elements are aligned.
    while text.utf8.count % 8 != 0 { text += " " }
    header = withUnsafeBytes(of: UInt64(text.utf8.count).littleEndian) { Array($0) } + Array(text.utf8)
    self.file = file
    self.tensors = tensors
  }

  /// Tensors in their order, in files of at most `limit` bytes of elements where one tensor is not more
  /// already.
  static func shards(of tensors: [TensorPlan], limit: Int) -> [ShardPlan] {
    var groups: [[TensorPlan]] = [[]]
    var size = 0
    for tensor in tensors {
      if size > 0, size + tensor.size > limit {
        groups.append([])
        size = 0
      }
      groups[groups.count - 1].append(tensor)
      size += tensor.size
    }
    guard groups.count > 1 else { return [ShardPlan(file: "model.safetensors", tensors: tensors)] }
    return groups.enumerated().map { index, group in
      ShardPlan(file: "model-\(padded(index + 1))-of-\(padded(groups.count)).safetensors", tensors: group)
    }
  }

  private static func padded(_ number: Int) -> String {
    let digits = "\(number)"
    return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
  }

  /// model.safetensors.index.json.
  static func index(of shards: [ShardPlan]) -> String {
    let entries = shards.flatMap { shard in shard.tensors.map { "    \"\($0.name)\": \"\(shard.file)\"" } }
    let size = shards.reduce(0) { $0 + $1.tensors.reduce(0) { $0 + $1.size } }
    return """
      {
        "metadata": {"total_size": \(size)},
        "weight_map": {
      \(entries.joined(separator: ",\n"))
        }
      }

      """
  }
}
