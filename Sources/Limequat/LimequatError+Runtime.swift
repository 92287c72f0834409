internal import LimequatContainer
internal import LimequatGraph
internal import LimequatRuntime
internal import LimequatVision

extension LimequatError {
  /// What can go wrong while a model is opened: a graph that breaks a rule is the file's fault.
  init(opening error: RuntimeError) {
    switch error {
    case .graph(_, .broken): self.init(.format, error.description)
    case .tooLarge: self.init(.memory, error.description)
    default: self.init(error)
    }
  }

  /// What can go wrong in a call: dims that a graph cannot take are the caller's fault.
  init(_ error: RuntimeError) {
    switch error {
    case .bytes(let cause): self.init(cause)
    case .container(let cause): self.init(cause)
    case .graph(_, .memory(let cause)): self.init(cause)
    case .graph(_, .broken), .inputShape, .inputDimension, .byteCount, .grouping, .tooLarge:
      self.init(.shape, error.description)
    case .unknownKernels, .expertEncoding: self.init(.unsupported, error.description)
    case .missingTensor, .tensorShape, .tensorStorage, .missingBank, .absentExpert:
      self.init(.format, error.description)
    case .noSuchSignature, .inputCount, .outputCount: self.init(.notFound, error.description)
    case .inputType: self.init(.type, error.description)
    case .unreadableExpert(_, _, _, let cause), .unreadableTensor(_, _, let cause):
      let code = LimequatError(cause)
      self.init(code.code, error.description, systemError: code.systemError)
    case .budgetTooSmall, .misaligned: self.init(.argument, error.description)
    case .indexOutOfRange, .lengthsMissing, .lengthOutOfRange: self.init(.value, error.description)
    case .sessionBusy: self.init(.busy, error.description)
    case .forked: self.init(.forked, error.description)
    case .cancelled: self.init(.cancelled, error.description)
    }
  }

  init(_ error: VisionError) {
    switch error {
    case .outOfMemory: self.init(.memory, error.description)
    case .imageSides, .rowStride: self.init(.shape, error.description)
    case .outputCount: self.init(.internalFault, error.description)
    case .outputSides, .size, .resizedSide, .scaling: self.init(.format, error.description)
    }
  }
}
