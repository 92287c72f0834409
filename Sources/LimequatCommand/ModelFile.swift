internal import LimequatBytes
internal import LimequatContainer

/// A .lmq file of which nothing but header and manifest is read.
enum ModelFile {
  static func open(_ path: String) throws(Fault) -> Container {
    do throws(ContainerError) {
      return try Container.open(path: path, access: .positioned)
    } catch {
      throw .reading(path, error)
    }
  }
}

extension Fault {
  static func reading(_ path: String, _ error: ContainerError) -> Fault {
    if case .bytes(let error) = error { return .reading(path, error) }
    return .input("\(path): \(error)")
  }
}
