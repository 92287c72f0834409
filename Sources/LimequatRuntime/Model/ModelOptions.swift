public import LimequatBytes
public import LimequatContainer

/// How a model is opened.
public struct ModelOptions: Sendable {
  /// How weights come into memory.
  public enum Holding: Sendable, Equatable {
    /// They are used where they lie in the mapped file.
    case mapped
    /// They are read when they are first used and stay, locked in memory and in large pages where the system
    /// allows that; of tables, calls read their rows.
    case resident
    /// As many experts as fit into this number of bytes are held at a time. Dense tensors are read when they
    /// are first used, and stay; of tables, calls read their rows.
    case budgeted(Int)

    /// How a container has to be opened for it. One in memory is used in place whatever the holding.
    public var access: Container.Access { self == .mapped ? .mapped : .positioned }
  }

  /// Threads that work on one call, the caller's among them; 0: as many as the process may use processors.
  public var threads = 0
  /// The kernel table; nil: what LIMEQUAT_KERNELS names, else the fastest that runs here.
  public var kernels: Name?
  public var holding = Holding.mapped
  /// Compare each block and dense tensor with its checksum when it is first used.
  public var verifiesAtFirstUse = true
  public var logger: Logger?

  public init(
    threads: Int = 0, kernels: Name? = nil, holding: Holding = .mapped, verifiesAtFirstUse: Bool = true,
    logger: Logger? = nil
  ) {
    self.threads = threads
    self.kernels = kernels
    self.holding = holding
    self.verifiesAtFirstUse = verifiesAtFirstUse
    self.logger = logger
  }
}
