public import LimequatBytes

/// How a model is opened.
public struct ModelOptions: Sendable {
  /// Threads that work on one call, the caller's among them; 0: as many as the process may use processors.
  public var threads = 0
  /// The kernel table; nil: what LIMEQUAT_KERNELS names, else the fastest that runs here.
  public var kernels: Name?

  public init(threads: Int = 0, kernels: Name? = nil) {
    self.threads = threads
    self.kernels = kernels
  }
}
