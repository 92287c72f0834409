internal import CLimequatSchema
internal import CProtobufC
internal import LimequatBytes
internal import LimequatProtobuf
internal import LimequatTensor

/// Packs a manifest; directories come out ascending by name. The inverse is ``Manifest/decode(_:header:)``.
struct ManifestEncoder {
  private let arena = MessageArena()

  static func encode(
    _ draft: ManifestDraft, tensors: [TensorRecord], banks: [BankRecord]
  ) throws(ContainerError) -> Buffer {
    let encoder = ManifestEncoder()
    let root = try encoder.manifest(draft, tensors: tensors, banks: banks)
    // A message begins with its base.
    let message = UnsafeRawPointer(root).assumingMemoryBound(to: ProtobufCMessage.self)
    return try withBytes { () throws(BytesError) in try encoder.arena.pack(message) }
  }

  /// Room for `count` values, all bytes zero.
  private func array<Element>(_ count: Int) throws(ContainerError) -> UnsafeMutablePointer<Element> {
    let (size, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    guard !overflow else { throw .bytes(.outOfMemory(bytes: count)) }
    let memory = try withBytes { () throws(BytesError) in try arena.allocate(size) }
    return memory.assumingMemoryBound(to: Element.self)
  }

  /// A zero-terminated copy; a string with a zero in it would be cut there.
  private func string(_ bytes: [UInt8]) throws(ContainerError) -> UnsafeMutablePointer<CChar> {
    let copy: UnsafeMutablePointer<CChar> = try array(bytes.count + 1)
    for index in bytes.indices {
      guard bytes[index] != 0 else {
        throw .rule(.manifestWireForm, .manifest, .text("a string contains a zero byte"))
      }
      copy[index] = CChar(truncatingIfNeeded: bytes[index])  // the same 8 bits, by intent
    }
    return copy
  }

  private func string(_ text: String) throws(ContainerError) -> UnsafeMutablePointer<CChar> {
    try string(Array(text.utf8))
  }

  /// What does not fit becomes a number that every rule refuses.
  private func wire(_ value: some BinaryInteger) -> UInt32 { UInt32(exactly: value) ?? .max }

  private typealias Messages<Message> = UnsafeMutablePointer<UnsafeMutablePointer<Message>?>

  /// A message for each of `items`, which `fill` sets.
  private func messages<Item, Message>(
    _ items: [Item], _ initialise: (UnsafeMutablePointer<Message>?) -> Void,
    _ fill: (Item, inout Message) throws(ContainerError) -> Void
  ) throws(ContainerError) -> Messages<Message> {
    let pointers: Messages<Message> = try array(items.count)
    for index in items.indices {
      let message: UnsafeMutablePointer<Message> = try array(1)
      initialise(message)
      try fill(items[index], &message.pointee)
      pointers[index] = message
    }
    return pointers
  }

  private func manifest(
    _ draft: ManifestDraft, tensors: [TensorRecord], banks: [BankRecord]
  ) throws(ContainerError) -> UnsafeMutablePointer<Limequat__Manifest> {
    let root: UnsafeMutablePointer<Limequat__Manifest> = try array(1)
    limequat__manifest__init(root)
    let features = ascending(draft.requiredFeatures) { Array($0.utf8) }
    root.pointee.n_required_features = features.count
    root.pointee.required_features = try array(features.count)
    for index in features.indices {
      root.pointee.required_features[index] = try string(features[index])
    }
    let signatures = ascending(draft.signatures) { Array($0.name.utf8) }
    root.pointee.n_signatures = signatures.count
    root.pointee.signatures = try messages(signatures, { limequat__signature__init($0) }, signature)
    root.pointee.n_tensors = tensors.count
    root.pointee.tensors = try messages(
      ascending(tensors) { $0.name }, { limequat__tensor__init($0) }, tensor)
    root.pointee.n_banks = banks.count
    root.pointee.banks = try messages(
      ascending(banks) { Array($0.draft.name.utf8) }, { limequat__bank__init($0) }, bank)
    root.pointee.n_image_preprocessings = draft.imagePreprocessings.count
    root.pointee.image_preprocessings = try messages(
      draft.imagePreprocessings, { limequat__image_preprocessing__init($0) }, imagePreprocessing)
    root.pointee.n_tokenizers = draft.tokenizers.count
    root.pointee.tokenizers = try messages(
      draft.tokenizers, { limequat__tokenizer__init($0) }, tokenizer)
    root.pointee.embedding_size = wire(draft.embeddingSize)
    if let scale = draft.logitScale {
      root.pointee.logit_scale_or_none_case = LIMEQUAT__MANIFEST__LOGIT_SCALE_OR_NONE_LOGIT_SCALE
      root.pointee.logit_scale = scale
    }
    root.pointee.n_metadata = draft.metadata.count
    root.pointee.metadata = try messages(
      ascending(draft.metadata) { Array($0.key.utf8) }, { limequat__metadata__init($0) }
    ) { (entry, message) throws(ContainerError) in
      message.key = try string(entry.key)
      message.value = try string(entry.value)
    }
    return root
  }

  private func signature(
    _ draft: SignatureDraft, _ message: inout Limequat__Signature
  ) throws(ContainerError) {
    message.name = try string(draft.name)
    message.modality = try string(draft.modality)
    message.model.len = draft.model.count
    let model: UnsafeMutablePointer<UInt8> = try array(draft.model.count)
    for index in draft.model.indices { model[index] = draft.model[index] }
    message.model.data = model
    message.n_dimensions = draft.dimensions.count
    message.dimensions = try messages(
      ascending(draft.dimensions) { Array($0.name.utf8) }, { limequat__dimension__init($0) }
    ) { (dimension, message) throws(ContainerError) in
      message.name = try string(dimension.name)
      message.min = UInt64(exactly: dimension.min) ?? .max
      message.max = dimension.max.map { $0 > 0 ? UInt64($0) : .max } ?? 0
    }
    if let index = draft.imagePreprocessing {
      message.image_preprocessing_or_none_case =
        LIMEQUAT__SIGNATURE__IMAGE_PREPROCESSING_OR_NONE_IMAGE_PREPROCESSING
      message.image_preprocessing = wire(index)
    }
    if let index = draft.tokenizer {
      message.tokenizer_or_none_case = LIMEQUAT__SIGNATURE__TOKENIZER_OR_NONE_TOKENIZER
      message.tokenizer = wire(index)
    }
  }

  private func tensor(_ record: TensorRecord, _ message: inout Limequat__Tensor) throws(ContainerError) {
    message.name = try string(record.name)
    message.type = Limequat__ElementType(rawValue: UInt32(record.type.rawValue))
    message.layout = Limequat__Layout(rawValue: UInt32(record.layout.rawValue))
    message.n_dims = record.shape.rank
    message.dims = try array(record.shape.rank)
    for axis in 0..<record.shape.rank { message.dims[axis] = UInt64(record.shape[axis]) }
    message.offset = UInt64(record.extent.offset)
    message.size = UInt64(record.extent.size)
    message.crc32c = record.extent.crc32c
  }

  private func bank(_ record: BankRecord, _ message: inout Limequat__Bank) throws(ContainerError) {
    message.name = try string(record.draft.name)
    message.input_size = wire(record.draft.inputSize)
    message.hidden_size = wire(record.draft.hiddenSize)
    message.output_size = wire(record.draft.outputSize)
    message.gated = record.draft.isGated ? 1 : 0
    message.n_experts = record.experts.count
    message.experts = try messages(record.experts, { limequat__expert__init($0) }, expert)
  }

  private func expert(_ record: ExpertRecord, _ message: inout Limequat__Expert) throws(ContainerError) {
    guard let encoding = record.encoding else { return }
    message.encoding = Limequat__ElementType(rawValue: UInt32(encoding.rawValue))
    message.offset = UInt64(record.extent.offset)
    message.size = UInt64(record.extent.size)
    message.crc32c = record.extent.crc32c
    message.n_usage = record.usage.count
    message.usage = try messages(
      ascending(record.usage) { $0.modality }, { limequat__usage__init($0) }
    ) { (usage, message) throws(ContainerError) in
      message.modality = try string(usage.modality)
      message.share = usage.share
    }
  }

  private func imagePreprocessing(
    _ draft: ImagePreprocessing, _ message: inout Limequat__ImagePreprocessing
  ) throws(ContainerError) {
    message.height = wire(draft.height)
    message.width = wire(draft.width)
    message.resize = Limequat__ImagePreprocessing__Resize(rawValue: UInt32(draft.resize.rawValue))
    message.size = wire(draft.size)
    message.interpolation = Limequat__ImagePreprocessing__Interpolation(
      rawValue: UInt32(draft.interpolation.rawValue))
    message.low = draft.low
    message.high = draft.high
    message.n_mean = draft.mean == nil ? 0 : 3
    message.mean = try channels(draft.mean)
    message.n_std = draft.std == nil ? 0 : 3
    message.std = try channels(draft.std)
  }

  private func channels(
    _ channels: ImagePreprocessing.Channels?
  ) throws(ContainerError) -> UnsafeMutablePointer<Float>? {
    guard let channels else { return nil }
    let values: UnsafeMutablePointer<Float> = try array(3)
    values[0] = channels.red
    values[1] = channels.green
    values[2] = channels.blue
    return values
  }

  private func tokenizer(
    _ draft: TokenizerDraft, _ message: inout Limequat__Tokenizer
  ) throws(ContainerError) {
    message.kind = Limequat__Tokenizer__Kind(rawValue: UInt32(draft.kind.rawValue))
    message.max_length = wire(draft.maxLength)
    message.eos = Limequat__Tokenizer__Eos(rawValue: UInt32(draft.eos.rawValue))
    if let id = draft.eosId {
      message.eos_id_or_none_case = LIMEQUAT__TOKENIZER__EOS_ID_OR_NONE_EOS_ID
      message.eos_id = wire(id)
    }
    if let id = draft.padId {
      message.pad_id_or_none_case = LIMEQUAT__TOKENIZER__PAD_ID_OR_NONE_PAD_ID
      message.pad_id = wire(id)
    }
    message.lower_case = draft.lowerCase ? 1 : 0
    message.pieces = try string(draft.pieces)
    message.piece_offsets = try string(draft.pieceOffsets)
    message.scores = try string(draft.scores)
    message.piece_types = try string(draft.pieceTypes)
    message.character_map = try string(draft.characterMap)
    message.unknown_id = wire(draft.unknownId)
    message.add_dummy_prefix = draft.addDummyPrefix ? 1 : 0
    message.remove_extra_whitespaces = draft.removeExtraWhitespaces ? 1 : 0
    message.escape_whitespaces = draft.escapeWhitespaces ? 1 : 0
    message.treat_whitespace_as_suffix = draft.treatWhitespaceAsSuffix ? 1 : 0
    message.byte_fallback = draft.byteFallback ? 1 : 0
  }

  /// Sorted by the bytes of a name; a name that stands twice is refused when the file is checked.
  private func ascending<Item>(_ items: [Item], _ name: (Item) -> [UInt8]) -> [Item] {
    items.sorted { name($0).lexicographicallyPrecedes(name($1)) }
  }
}
