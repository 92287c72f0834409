internal import LimequatBytes
internal import LimequatCheckpoint
internal import LimequatContainer
internal import LimequatTensor

extension ConversionPlan {
  /// Writes the output. The file appears at `path` only when it is whole. Memory holds one matrix or expert
  /// at a time. `progress` gets the bytes done and the bytes in all.
  public func write(
    to path: String, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(ConversionError) {
    let writer = try withContainer { () throws(ContainerError) in try ContainerWriter.create(path: path) }
    let stream = WeightStream(draft.checkpoint, writer)
    let total = totalBytes
    var done = 0
    progress(done, total)
    for part in draft.parts {
      switch part {
      case .tensor(let tensor):
        try withContainer { () throws(ContainerError) in
          try writer.beginTensor(tensor.name, type: tensor.type, layout: tensor.layout, shape: tensor.shape)
        }
        try stream.tensor(tensor)
        try withContainer { () throws(ContainerError) in try writer.end() }
        done += tensor.bytes
        progress(done, total)
      case .bank(let bank):
        try withContainer { () throws(ContainerError) in try writer.beginBank(bank.bank) }
        for expert in 0..<bank.experts {
          try withContainer { () throws(ContainerError) in try writer.beginExpert(encoding: bank.encoding) }
          try stream.layer(bank.first, expert, bank.bank.inputSize, bank.bank.hiddenSize, bank.encoding)
          try stream.layer(bank.second, expert, bank.bank.hiddenSize, bank.bank.outputSize, bank.encoding)
          try withContainer { () throws(ContainerError) in try writer.end() }
          done += bank.blockSize
          progress(done, total)
        }
        try withContainer { () throws(ContainerError) in try writer.endBank() }
      }
    }
    try withContainer { () throws(ContainerError) in try writer.finish(draft.manifest) }
  }
}
