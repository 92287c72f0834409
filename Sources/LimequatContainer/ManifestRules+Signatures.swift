internal import CLimequatSchema
internal import LimequatBytes

/// C12 to C14 and C26 to C29: signatures and what their images go through.
extension ManifestRules {
  func checkSignatures() throws(ContainerError) {
    let root = manifest.pointee
    var previous: Name?
    for index in 0..<root.n_signatures {
      guard let message = element(index, root.signatures, root.n_signatures) else { continue }
      try checkMemory()
      let signature = SignatureEntry(message: message)
      func item() -> ContainerItem { .signature(index, signature.name.text) }
      try checkName(signature.name, after: &previous, item)
      try checkName(signature.modality, item)
      try checkRange(
        .signatureModel, "bytes of the model", UInt64(signature.model.count), 1, ContainerLimits.modelBytes,
        item)
      try checkReference(
        signature.imagePreprocessing, count: root.n_image_preprocessings, "image preprocessing", item)
      try checkReference(signature.tokenizer, count: root.n_tokenizers, "tokenizer", item)
      try checkDimensions(of: signature, item)
    }
  }

  // C27
  private func checkReference(
    _ index: Int?, count: Int, _ field: String, _ item: () -> ContainerItem
  ) throws(ContainerError) {
    guard let index else { return }
    guard index < count else {
      throw .rule(
        .signatureReference, item(), .text("it names \(field) \(index), but the model has \(count)"))
    }
  }

  // C28
  private func checkDimensions(
    of signature: SignatureEntry, _ item: () -> ContainerItem
  ) throws(ContainerError) {
    try checkCount(
      "dimensions", signature.dimensionCount, ContainerLimits.dimensionsPerSignature, item())
    var previous: Name?
    for index in 0..<signature.dimensionCount {
      guard let dimension = signature.dimension(at: index) else { continue }
      func item() -> ContainerItem { .dimension(index, signature: signature.name.text) }
      try checkName(dimension.name, after: &previous, item)
      let fields = dimension.message.pointee
      let bound = ContainerLimits.dimensionBound
      try checkRange(.dimensionBounds, "minimum", fields.min, 1, bound, item)
      guard fields.max != 0 else { continue }
      try checkRange(.dimensionBounds, "maximum", fields.max, dimension.min, bound, item)
    }
  }

  // C29
  func checkImagePreprocessings() throws(ContainerError) {
    let root = manifest.pointee
    for index in 0..<root.n_image_preprocessings {
      guard let message = element(index, root.image_preprocessings, root.n_image_preprocessings)
      else { continue }
      func item() -> ContainerItem { .imagePreprocessing(index) }
      let fields = message.pointee
      let resize = try checkKnown(
        ImagePreprocessing.Resize(rawValue: Int32(truncatingIfNeeded: fields.resize.rawValue)), "resize",
        fields.resize.rawValue, item)
      _ = try checkKnown(
        ImagePreprocessing.Interpolation(
          rawValue: Int32(truncatingIfNeeded: fields.interpolation.rawValue)), "interpolation",
        fields.interpolation.rawValue, item)
      let rule = ContainerRule.imagePreprocessing
      let largest = ContainerLimits.imageSide
      try checkRange(rule, "height", UInt64(fields.height), 1, largest, item)
      try checkRange(rule, "width", UInt64(fields.width), 1, largest, item)
      switch resize {
      case .squash: try checkEqual(rule, "size", UInt64(fields.size), 0, item)
      case .shortestSide:
        let smallest = Int(max(fields.height, fields.width))
        try checkRange(rule, "size", UInt64(fields.size), smallest, largest, item)
      }
      try checkScaling(fields, item)
    }
  }

  private func checkScaling(
    _ fields: Limequat__ImagePreprocessing, _ item: () -> ContainerItem
  ) throws(ContainerError) {
    let rule = ContainerRule.imagePreprocessing
    guard fields.n_mean == fields.n_std, fields.n_mean == 0 || fields.n_mean == 3 else {
      throw .rule(
        rule, item(), .text("mean and std have \(fields.n_mean) and \(fields.n_std) values, not 0 or 3 each"))
    }
    guard let mean = ImagePreprocessing.Channels(fields.mean, count: fields.n_mean),
      let std = ImagePreprocessing.Channels(fields.std, count: fields.n_std)
    else {
      guard fields.low.isFinite, fields.high.isFinite, fields.low < fields.high else {
        throw .rule(rule, item(), .text("low and high are not finite and ascending"))
      }
      return
    }
    guard fields.low == 0, fields.high == 0 else {
      throw .rule(rule, item(), .text("low and high go with no mean and std"))
    }
    guard mean.allSatisfy({ $0.isFinite }), std.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw .rule(rule, item(), .text("mean is not finite, or std not finite and above 0"))
    }
  }
}
