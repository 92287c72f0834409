/// What is fed with bytes.
enum FuzzTarget: Int32, CaseIterable {
  case container, graph, safetensors, vmoeIndex, vmoeData, config, sentencepiece, tokenizer, npy, image

  func run(_ bytes: UnsafeRawBufferPointer) {
    switch self {
    case .container: fuzzContainer(bytes)
    case .graph: fuzzGraph(bytes)
    case .safetensors: fuzzCheckpoint(bytes, as: "model.safetensors", in: "limoe-dense")
    case .vmoeIndex: fuzzCheckpoint(bytes, as: "checkpoint.index", in: "vmoe-bf16-dispatch")
    case .vmoeData: fuzzCheckpoint(bytes, as: "checkpoint.data-00000-of-00002", in: "vmoe-bf16-dispatch")
    case .config: fuzzConversion(bytes, as: "config.json")
    case .sentencepiece: fuzzConversion(bytes, as: "tokenizer.model")
    case .tokenizer: fuzzTokenizer(bytes)
    case .npy: fuzzNumpyFile(bytes)
    case .image: fuzzImage(bytes)
    }
  }
}

/// The number of a target; -1 when there is none of that name.
@c(fuzz_target)
public func number(ofTarget name: UnsafePointer<CChar>) -> Int32 {
  let name = String(cString: name)
  return FuzzTarget.allCases.first { "\($0)" == name }?.rawValue ?? -1
}

@c(fuzz_run)
public func run(_ target: Int32, _ bytes: UnsafePointer<UInt8>?, _ size: Int) {
  FuzzTarget(rawValue: target)?.run(UnsafeRawBufferPointer(start: bytes, count: size))
}
