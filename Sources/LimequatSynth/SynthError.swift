public import LimequatBytes

/// Why a checkpoint was not written.
public enum SynthError: Error, Equatable, Sendable {
  /// The target is there already and is no empty folder.
  case exists(path: String)
  /// The system refused to make, write or rename this path.
  case writing(path: String, BytesError)
  case memory(BytesError)
}

extension SynthError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .exists(let path): "\(path): expected a new path or an empty folder, found something there"
    case .writing(let path, let error): "\(path): \(error)"
    case .memory(let error): "\(error)"
    }
  }
}
