internal import LimequatBytes
public import LimequatTensor

/// Writes a container: tensors and experts in any order, each streamed, then the manifest. The file appears
/// at its path only when ``finish(_:)`` succeeds, and then it satisfies rules C01 to C32; without it nothing
/// remains. The same calls give the same bytes.
///
/// After an error only dropping the writer makes sense. Not for several threads at once.
public final class ContainerWriter {
  /// What ``write(_:)`` appends to.
  private enum Open {
    case nothing
    case tensor(TensorRecord)
    case bank(BankRecord)
    case expert(BankRecord, ExpertRecord)
    case finished
  }

  private let output: DataWriter
  private var open = Open.nothing
  private var tensors: [TensorRecord] = []
  private var banks: [BankRecord] = []

  private init(output: DataWriter) { self.output = output }

  public static func create(path: String) throws(ContainerError) -> ContainerWriter {
    ContainerWriter(output: try DataWriter.create(path: path))
  }

  /// Opens a tensor; ``write(_:)`` gives its bytes as formats/container.md lays them out.
  public func beginTensor(
    _ name: String, type: ElementType, layout: Layout, shape: Shape
  ) throws(ContainerError) {
    let item = ContainerItem.tensor(tensors.count, name)
    guard case .nothing = open else { throw .writing(.outOfTurn(call: "beginTensor"), item) }
    guard let size = storedSize(type: type, layout: layout, shape: shape) else {
      throw .rule(.typeAndLayout, item, .text("\(type) \(layout) \(shape) cannot be stored"))
    }
    let offset = try output.begin(alignment: ContainerLimits.tensorAlignment, size: size, item: item)
    open = .tensor(
      TensorRecord(
        name: Array(name.utf8), type: type, layout: layout, shape: shape, extent: ExtentRecord(offset, size)))
  }

  /// Opens a bank, whose experts follow in order.
  public func beginBank(_ bank: BankDraft) throws(ContainerError) {
    guard case .nothing = open else {
      throw .writing(.outOfTurn(call: "beginBank"), .bank(banks.count, bank.name))
    }
    open = .bank(BankRecord(draft: bank))
  }

  /// Opens the next expert of the bank; ``write(_:)`` gives its block. `usage` is the share of each
  /// modality's dispatched tokens, where known.
  public func beginExpert(
    encoding: ElementType, usage: [(modality: String, share: Float)] = []
  ) throws(ContainerError) {
    guard case .bank(let bank) = open else { throw .writing(.outOfTurn(call: "beginExpert"), item) }
    let draft = bank.draft
    let expert = ContainerItem.expert(bank.experts.count, bank: draft.name)
    guard
      let block = ExpertBlock(
        inputSize: draft.inputSize, hiddenSize: draft.hiddenSize, outputSize: draft.outputSize,
        isGated: draft.isGated, encoding: encoding)
    else {
      throw .rule(.expertEncoding, expert, .text("\(encoding) experts of these sizes cannot be stored"))
    }
    let offset = try output.begin(
      alignment: ContainerLimits.expertAlignment, size: block.size, item: expert)
    let record = ExpertRecord(
      encoding: encoding, extent: ExtentRecord(offset, block.size),
      usage: usage.map { UsageRecord(modality: Array($0.modality.utf8), share: $0.share) })
    open = .expert(bank, record)
  }

  /// The next expert of the bank is absent (pruned).
  public func absentExpert() throws(ContainerError) {
    guard case .bank(var bank) = open else { throw .writing(.outOfTurn(call: "absentExpert"), item) }
    bank.experts.append(ExpertRecord(encoding: nil, extent: ExtentRecord(0, 0), usage: []))
    open = .bank(bank)
  }

  public func endBank() throws(ContainerError) {
    guard case .bank(let bank) = open else { throw .writing(.outOfTurn(call: "endBank"), item) }
    banks.append(bank)
    open = .nothing
  }

  /// Appends to the open tensor or expert.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(ContainerError) {
    switch open {
    case .tensor, .expert: try output.write(bytes, item: item)
    default: throw .writing(.outOfTurn(call: "write"), item)
    }
  }

  /// Closes the open tensor or expert, whose size must be what type, layout and shape give.
  public func end() throws(ContainerError) {
    switch open {
    case .tensor(var tensor):
      tensor.extent.crc32c = try output.end(item: item)
      tensors.append(tensor)
      open = .nothing
    case .expert(var bank, var expert):
      expert.extent.crc32c = try output.end(item: item)
      bank.experts.append(expert)
      open = .bank(bank)
    default: throw .writing(.outOfTurn(call: "end"), item)
    }
  }

  /// Writes manifest and header, checks the whole directory as a reader does, syncs, and puts the file in
  /// its place.
  public func finish(_ manifest: ManifestDraft) throws(ContainerError) {
    guard case .nothing = open else { throw .writing(.outOfTurn(call: "finish"), item) }
    open = .finished
    let packed = try ManifestEncoder.encode(manifest, tensors: tensors, banks: banks)
    try output.finish(manifest: UnsafeRawBufferPointer(packed.bytes))
  }

  /// What is open, for messages.
  private var item: ContainerItem {
    switch open {
    case .nothing, .finished: .manifest
    case .tensor(let tensor): .tensor(tensors.count, String(decoding: tensor.name, as: UTF8.self))
    case .bank(let bank): .bank(banks.count, bank.draft.name)
    case .expert(let bank, _): .expert(bank.experts.count, bank: bank.draft.name)
    }
  }
}

/// Where something was written.
struct ExtentRecord {
  var offset: Int
  var size: Int
  var crc32c: UInt32 = 0

  init(_ offset: Int, _ size: Int) {
    self.offset = offset
    self.size = size
  }
}

struct TensorRecord {
  var name: [UInt8]
  var type: ElementType
  var layout: Layout
  var shape: Shape
  var extent: ExtentRecord
}

struct BankRecord {
  var draft: BankDraft
  var experts: [ExpertRecord] = []
}

struct ExpertRecord {
  /// Nil: absent.
  var encoding: ElementType?
  var extent: ExtentRecord
  var usage: [UsageRecord]
}

struct UsageRecord {
  var modality: [UInt8]
  var share: Float
}
