internal import LimequatBytes
public import LimequatTensor

/// A checkpoint folder with random weights: for measuring, where no trained weights of that size can be had.
public struct Synthesis: Sendable {
  public var name: String
  public var sizes: ModelSizes
  public var seed: UInt64
  /// f32 or bf16.
  public var type: ElementType
  /// More bytes of elements than this go into several files.
  var shardLimit = 4 << 30

  public init(name: String, sizes: ModelSizes, seed: UInt64 = 0, type: ElementType = .f32) {
    self.name = name
    self.sizes = sizes
    self.seed = seed
    self.type = type == .bf16 ? .bf16 : .f32
  }

  /// Bytes of elements held at once.
  private static let window = 8 << 20

  /// Writes the folder, which appears when it is whole. The same arguments give the same bytes. `progress`
  /// gets bytes done and bytes in all.
  public func write(to path: String, progress: (Int, Int) -> Void) throws(SynthError) {
    let folder = try OutputFolder.create(path: path)
    let shards = ShardPlan.shards(of: sizes.tensors(type), limit: shardLimit)
    let total = shards.reduce(0) { $0 + $1.size }
    var done = 0
    let window: Buffer
    do throws(BytesError) { window = try Buffer(size: Synthesis.window) } catch { throw .memory(error) }
    for shard in shards {
      do throws(BytesError) {
        try write(shard, path: folder.file(shard.file), window: window) { bytes in
          done += bytes
          progress(done, total)
        }
      } catch { throw .writing(path: "\(path)/\(shard.file)", error) }
    }
    if shards.count > 1 {
      try write(ShardPlan.index(of: shards), "model.safetensors.index.json", folder, path)
    }
    try write(sizes.config(name: name, seed: seed), "config.json", folder, path)
    try folder.commit()
  }

  private func write(
    _ shard: ShardPlan, path: String, window: borrowing Buffer, progress: (Int) -> Void
  ) throws(BytesError) {
    let file = try AtomicFile.create(path: path)
    try Synthesis.append(shard.header, to: file, at: 0)
    var offset = shard.header.count
    // Up to where the disk was asked to begin, so that the sync at the end has little left.
    var handedOver = 0
    for tensor in shard.tensors {
      let stream = NormalStream(seed: seed, name: tensor.name)
      let atOnce = window.size / tensor.type.size
      var start = 0
      while start < tensor.count {
        let count = min(atOnce, tensor.count - start)
        let bytes = UnsafeMutableRawBufferPointer(start: window.start, count: count * tensor.type.size)
        tensor.fill(bytes, from: start, stream: stream)
        try file.write(UnsafeRawBufferPointer(bytes), at: offset)
        start += count
        offset += bytes.count
        if offset - handedOver >= Synthesis.window {
          file.startWriteback(handedOver..<offset)
          handedOver = offset
        }
        progress(bytes.count)
      }
    }
    try file.commit()
  }

  private func write(
    _ text: String, _ name: String, _ folder: OutputFolder, _ path: String
  ) throws(SynthError) {
    do throws(BytesError) {
      let file = try AtomicFile.create(path: folder.file(name))
      try Synthesis.append(Array(text.utf8), to: file, at: 0)
      try file.commit()
    } catch { throw .writing(path: "\(path)/\(name)", error) }
  }

  private static func append(_ bytes: [UInt8], to file: AtomicFile, at offset: Int) throws(BytesError) {
    let result: Result<Void, BytesError> = bytes.withUnsafeBytes { bytes in
      do throws(BytesError) { return .success(try file.write(bytes, at: offset)) } catch {
        return .failure(error)
      }
    }
    try result.get()
  }
}
