internal import LimequatBytes
internal import LimequatContainer
internal import LimequatGraph

/// The codes of what the rooms below throw.
extension LimequatError {
  init(_ error: BytesError) {
    switch error {
    case .outOfMemory: self.init(.memory, error.description)
    case .system(let call, let errno):
      self.init(call == .thread ? .thread : .io, error.description, systemError: errno)
    case .outOfBounds, .notAFile, .shortRead: self.init(.io, error.description)
    }
  }

  init(_ error: ContainerError) {
    switch error {
    case .bytes(let cause): self.init(cause)
    case .misalignedMemory: self.init(.argument, error.description)
    case .noSuchItem: self.init(.notFound, error.description)
    case .writing: self.init(.internalFault, error.description)
    case .rule(let rule, _, _):
      let code: Code =
        switch rule {
        case .majorVersion, .requiredFeature: .version
        case .headerChecksum, .manifestChecksum, .tensorChecksum, .expertChecksum: .checksum
        default: .format
        }
      self.init(code, error.description)
    }
  }

  init(_ error: GraphError) {
    if case .memory(let cause) = error { self.init(cause) } else { self.init(.format, error.description) }
  }

  /// The same with a path or another name in front of the message.
  func prefixed(_ name: String) -> LimequatError {
    LimequatError(code, "\(name): \(message)", systemError: systemError)
  }
}

/// Runs `body`, whose failures are those of memory or of a file.
func limequat<R: ~Copyable>(_ body: () throws(BytesError) -> R) throws(LimequatError) -> R {
  do throws(BytesError) { return try body() } catch { throw LimequatError(error) }
}
