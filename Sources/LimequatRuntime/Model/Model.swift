internal import CLimequatKernels
public import LimequatBytes
public import LimequatContainer
public import LimequatGraph

/// An open model: its container, the graphs of its signatures, its kernels and its threads. Immutable and
/// safe to use from several threads; each of them makes its own ``Session``.
///
/// Opening decodes the graphs and checks that everything they name is in the file and stored so that it can
/// be used. It reads no weight, copies none and starts no thread.
public final class Model: @unchecked Sendable {
  public let container: Container
  let engine: Engine
  let weights: WeightStore
  let store: ExpertStore
  private let signatures: Table<SignatureModel>
  /// What `SparseMoEShape.present` points to: a byte for each expert of all banks.
  private let presence: ExpertPresence

  private init(
    container: Container, engine: Engine, weights: WeightStore, store: ExpertStore,
    signatures: consuming Table<SignatureModel>, presence: ExpertPresence
  ) {
    self.container = container
    self.engine = engine
    self.weights = weights
    self.store = store
    self.signatures = signatures
    self.presence = presence
  }

  public static func open(path: String, options: ModelOptions = ModelOptions()) throws(RuntimeError) -> Model
  {
    let container: Container
    do throws(ContainerError) {
      container = try Container.open(path: path, access: options.holding.access)
    } catch { throw .container(error) }
    return try open(container: container, options: options)
  }

  /// The container is open for the access that the holding needs; one in memory or mapped is used in place.
  public static func open(
    container: Container, options: ModelOptions = ModelOptions()
  ) throws(RuntimeError) -> Model {
    let kernels = try Kernels.choose(options.kernels)
    let pool = try ThreadPool.make(threads: options.threads, logger: options.logger)
    let presence = try ExpertPresence.make(container)
    var signatures = try Allocation.table(capacity: container.signatureCount) as Table<SignatureModel>
    for index in 0..<container.signatureCount {
      try Allocation.check()
      guard let entry = container.signature(at: index) else { continue }
      signatures.append(try SignatureModel.make(entry, container: container, presence: presence))
    }
    let verifies = options.verifiesAtFirstUse
    let numbering = try ExpertNumbering.make(container, signatures)
    let limits = try CodeLimits.make(kernels, tensors: container.tensorCount, experts: numbering.count)
    let engine = Engine(kernels: kernels, pool: pool, limits: limits)
    let store: ExpertStore
    if container.isInPlace {
      store = try MappedExperts.make(container, numbering, verifies: verifies)
    } else {
      var budget: Int?
      if case .budgeted(let bytes) = options.holding { budget = bytes }
      store = try ReadExperts.make(
        container, numbering, budget: budget, verifies: verifies, readsAhead: engine.pool.threads > 1,
        logger: options.logger)
    }
    let weights = try WeightStore.make(
      container, verifies: verifies, isResident: options.holding == .resident, pool: pool,
      logger: options.logger)
    return Model(
      container: container, engine: engine, weights: weights, store: store, signatures: signatures,
      presence: presence)
  }

  /// The name of the kernel table in use.
  public var kernelsName: Name { engine.kernels.name }
  /// The threads that work on one call, the caller's among them.
  public var threads: Int { engine.pool.threads }

  public var signatureCount: Int { signatures.count }
  /// Nil when there is no signature of this name.
  public func signatureIndex(_ name: Name) -> Int? { container.signatureIndex(name) }
  /// The graph of a signature, whose inputs and outputs are those of
  /// ``Session/run(signature:inputs:outputs:)``.
  public func graph(of signature: Int) -> Graph? { signatures[signature]?.graph }

  /// The bytes of a tensor, checked and in memory as long as the model lives. With positioned access it is
  /// read.
  public func load(tensor index: Int) throws(RuntimeError) -> UnsafeRawBufferPointer {
    try checkProcess()
    try weights.load(index)
    return UnsafeRawBufferPointer(
      start: weights.pointer(index), count: container.tensor(at: index)?.size ?? 0)
  }

  /// What the model holds, and what all its sessions took together.
  public func readCounters() throws(RuntimeError) -> ModelCounters {
    try checkProcess()
    var counters = ModelCounters()
    weights.count(&counters)
    store.count(&counters)
    return counters
  }

  func signature(_ index: Int) throws(RuntimeError) -> SignatureModel {
    guard let signature = signatures[index] else { throw .noSuchSignature(index, count: signatures.count) }
    return signature
  }
}
