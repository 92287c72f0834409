internal import LimequatBytes
internal import LimequatContainer
internal import LimequatGraph
internal import LimequatRuntime
internal import LimequatText
internal import Synchronization

/// An open model: immutable, and shared by as many threads as you like. Each of them makes its own
/// ``Session``.
///
/// Opening reads the header, the manifest and the graphs of a `.lmq` file, and no weight. Weights are used
/// where they lie in the mapped file, or read when they are first used: see ``Options/memoryBudget`` and
/// ``Options/isResident``.
public final class Model: Sendable {
  let runtime: LimequatRuntime.Model
  let logger: Logger?
  /// Made at the first text, shared by all sessions.
  private let textTokenizer = AtomicLazyReference<UnigramTokenizer>()

  private init(_ runtime: LimequatRuntime.Model, _ logger: Logger?) {
    self.runtime = runtime
    self.logger = logger
  }

  /// The tokenizer of the signature `text`. Threads that need it first at the same time may each make one, of
  /// which one is kept.
  func tokenizer(of text: SignatureFacts) throws(LimequatError) -> UnigramTokenizer {
    if let made = textTokenizer.load() { return made }
    guard let entry = text.tokenizer else {
      throw LimequatError(
        .unsupported, "signature \"\(text.name.text)\" has no tokenizer: it takes token ids only")
    }
    return textTokenizer.storeIfNil(try UnigramTokenizer.make(entry, runtime))
  }

  /// How a model is opened.
  public struct Options: Sendable {
    /// Threads that work on one call, the caller's among them; 0: as many as processors.
    public var threads: Int
    /// Bytes that the experts of the model may hold together, for all its sessions; nil: no bound, the file
    /// is mapped. With a budget nothing is mapped: experts come and go, other weights are read when they are
    /// first used, and stay. A budget below the largest expert is refused. A model in memory is used in
    /// place.
    public var memoryBudget: Int?
    /// Read weights when they are first used and keep them, locked in memory and in large pages where the
    /// system allows that; of tables, calls read their rows. Not with a budget.
    public var isResident: Bool
    public var verification: Verification
    /// The kernel table by name, for tests; nil: the fastest that runs here.
    public var kernels: String?
    /// Hears what goes on beside results and errors.
    public var logger: Logger?

    public init(
      threads: Int = 0, memoryBudget: Int? = nil, isResident: Bool = false,
      verification: Verification = .firstUse, kernels: String? = nil, logger: Logger? = nil
    ) {
      self.threads = threads
      self.memoryBudget = memoryBudget
      self.isResident = isResident
      self.verification = verification
      self.kernels = kernels
      self.logger = logger
    }

    fileprivate var holding: ModelOptions.Holding {
      if let memoryBudget { return .budgeted(memoryBudget) }
      return isResident ? .resident : .mapped
    }
  }

  /// When the bytes of weights are compared with their checksums. Header and manifest always are.
  public enum Verification: Sendable {
    /// Each expert and tensor when it is first used.
    case firstUse
    /// The whole file, by every rule of the format, while it is opened; what is read again later is compared
    /// again.
    case whileOpening
    case never

    fileprivate func isAtUse(of container: Container) -> Bool {
      self == .firstUse || self == .whileOpening && !container.isInPlace
    }
  }

  /// The most threads that ``Options/threads`` may ask for.
  public static let mostThreads = 1024

  /// Opens a `.lmq` file. The corresponding C function is `lmq_model_open`.
  public static func open(path: String, options: Options = Options()) throws(LimequatError) -> Model {
    try named(path) { () throws(LimequatError) in
      try open(
        container { () throws(ContainerError) in
          try Container.open(path: path, access: options.holding.access)
        }, options)
    }
  }

  /// Opens a `.lmq` file by a descriptor, which stays the caller's and may be closed afterwards.
  public static func open(
    descriptor: Int32, options: Options = Options()
  ) throws(LimequatError) -> Model {
    try named("descriptor \(descriptor)") { () throws(LimequatError) in
      let file = try limequat { () throws(BytesError) in try File.duplicate(descriptor) }
      return try open(
        container { () throws(ContainerError) in
          try Container.open(file: file, access: options.holding.access)
        },
        options)
    }
  }

  /// Opens a model that lies in memory, which is used where it is: it begins at a multiple of 64, and stays
  /// as it is until the model and all its sessions are gone.
  public static func open(
    bytes: UnsafeRawBufferPointer, options: Options = Options()
  ) throws(LimequatError) -> Model {
    try open(container { () throws(ContainerError) in try Container.open(bytes: bytes) }, options)
  }

  private static func open(
    _ container: Container, _ options: Options
  ) throws(LimequatError) -> Model {
    guard options.threads >= 0, options.threads <= mostThreads else {
      throw LimequatError(.argument, "threads is \(options.threads), expected 0 to \(mostThreads)")
    }
    if let budget = options.memoryBudget {
      guard budget > 0 else {
        throw LimequatError(.argument, "memoryBudget is \(budget), expected 1 or more")
      }
      guard !options.isResident else {
        throw LimequatError(.argument, "a model with a memory budget cannot be resident")
      }
    }
    if options.verification == .whileOpening {
      do throws(ContainerError) { try container.verify() } catch { throw LimequatError(error) }
    }
    // The name must live until the runtime has looked at it.
    guard var kernels = options.kernels else { return try make(container, options, kernels: nil) }
    let result: Result<Model, LimequatError> = kernels.withUTF8 { bytes in
      do throws(LimequatError) {
        return .success(try make(container, options, kernels: Name(UnsafeRawBufferPointer(bytes))))
      } catch { return .failure(error) }
    }
    return try result.get()
  }

  private static func make(
    _ container: Container, _ options: Options, kernels: Name?
  ) throws(LimequatError) -> Model {
    let runtimeOptions = ModelOptions(
      threads: options.threads, kernels: kernels, holding: options.holding,
      verifiesAtFirstUse: options.verification.isAtUse(of: container), logger: runtimeLogger(options.logger))
    do throws(RuntimeError) {
      let model = Model(
        try LimequatRuntime.Model.open(container: container, options: runtimeOptions), options.logger)
      model.logOpened(options)
      return model
    } catch { throw LimequatError(opening: error) }
  }

  /// A new session, for one thread of work.
  public func makeSession(options: Session.Options = Session.Options()) throws(LimequatError) -> Session {
    try Session.make(model: self, options: options)
  }
}

/// Runs `body`, whose failures are those of a container.
private func container(
  _ body: () throws(ContainerError) -> Container
) throws(LimequatError) -> Container {
  do throws(ContainerError) { return try body() } catch { throw LimequatError(error) }
}

/// Puts the name of what was to be opened in front of the message.
private func named<R>(_ name: String, _ body: () throws(LimequatError) -> R) throws(LimequatError) -> R {
  do throws(LimequatError) { return try body() } catch { throw error.prefixed(name) }
}
