internal import CLimequatSchema
public import LimequatBytes
internal import LimequatProtobuf

/// The directories. Indices count from 0 in the order of names; an index outside gives nil.
extension Container {
  public var signatureCount: Int { root.n_signatures }
  public func signature(at index: Int) -> SignatureEntry? {
    element(index, root.signatures, root.n_signatures).map { SignatureEntry(message: $0) }
  }
  public func signatureIndex(_ name: Name) -> Int? {
    search(name, count: signatureCount) { self.signature(at: $0)?.name }
  }

  public var tensorCount: Int { root.n_tensors }
  public func tensor(at index: Int) -> TensorEntry? {
    element(index, root.tensors, root.n_tensors).flatMap { TensorEntry($0) }
  }
  public func tensorIndex(_ name: Name) -> Int? {
    let tensors = root.tensors
    let count = root.n_tensors
    return search(name, count: count) { element($0, tensors, count).map { Name(field: $0.pointee.name) } }
  }

  public var bankCount: Int { root.n_banks }
  public func bank(at index: Int) -> BankEntry? {
    element(index, root.banks, root.n_banks).map { BankEntry(message: $0) }
  }
  public func bankIndex(_ name: Name) -> Int? {
    search(name, count: bankCount) { self.bank(at: $0)?.name }
  }
  public func expert(bank: Int, index: Int) -> ExpertEntry? { self.bank(at: bank)?.expert(at: index) }

  public var imagePreprocessingCount: Int { root.n_image_preprocessings }
  public func imagePreprocessing(at index: Int) -> ImagePreprocessing? {
    element(index, root.image_preprocessings, root.n_image_preprocessings).flatMap { ImagePreprocessing($0) }
  }

  public var tokenizerCount: Int { root.n_tokenizers }
  public func tokenizer(at index: Int) -> TokenizerEntry? {
    element(index, root.tokenizers, root.n_tokenizers).map { TokenizerEntry(message: $0) }
  }

  /// Length of the vectors that `image` and `text` give; 0: the model gives none.
  public var embeddingSize: Int { Int(root.embedding_size) }
  /// Natural logarithm of the similarity multiplier.
  public var logitScale: Float? {
    root.logit_scale_or_none_case == LIMEQUAT__MANIFEST__LOGIT_SCALE_OR_NONE_LOGIT_SCALE
      ? root.logit_scale : nil
  }

  public var metadataCount: Int { root.n_metadata }
  public func metadata(at index: Int) -> (key: Name, value: Name)? {
    element(index, root.metadata, root.n_metadata).map {
      (Name(field: $0.pointee.key), Name(field: $0.pointee.value))
    }
  }

  /// Binary search: directories ascend (C13).
  private func search(_ name: Name, count: Int, _ nameAt: (Int) -> Name?) -> Int? {
    var low = 0
    var high = count
    while low < high {
      let middle = low + (high - low) / 2
      guard let order = nameAt(middle)?.order(name) else { return nil }
      if order == 0 { return middle }
      if order < 0 { low = middle + 1 } else { high = middle }
    }
    return nil
  }
}
