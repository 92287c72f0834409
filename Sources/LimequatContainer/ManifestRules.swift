internal import CLimequatSchema
internal import LimequatBytes

/// Rules C10 to C32 of a manifest, except those that look at several parts at once (extents, tokenizer
/// tables).
struct ManifestRules {
  let manifest: UnsafePointer<Limequat__Manifest>

  func check() throws(ContainerError) {
    let root = manifest.pointee
    // First of all: a file that needs something unknown may look wrong in any other way.
    try checkCount("required features", root.n_required_features, ContainerLimits.requiredFeatures, .manifest)
    try checkFeatures()
    try checkCount("signatures", root.n_signatures, ContainerLimits.signatures, .manifest)
    try checkCount("tensors", root.n_tensors, ContainerLimits.tensors, .manifest)
    try checkCount("banks", root.n_banks, ContainerLimits.banks, .manifest)
    try checkCount(
      "image preprocessings", root.n_image_preprocessings, ContainerLimits.imagePreprocessings, .manifest)
    try checkCount("tokenizers", root.n_tokenizers, ContainerLimits.tokenizers, .manifest)
    try checkCount("metadata entries", root.n_metadata, ContainerLimits.metadata, .manifest)
    try checkTensors()
    try checkBanks()
    try checkImagePreprocessings()
    try checkSignatures()
    try checkMetadata()
    try checkModelValues()
  }

  private func checkFeatures() throws(ContainerError) {
    // 1.0 knows none.
    guard manifest.pointee.n_required_features > 0 else { return }
    let name = Name(field: manifest.pointee.required_features[0])
    throw .rule(.requiredFeature, .requiredFeature(0), .text("\(quoted(name.text)) is not known"))
  }

  // C32
  private func checkModelValues() throws(ContainerError) {
    let root = manifest.pointee
    if root.logit_scale_or_none_case == LIMEQUAT__MANIFEST__LOGIT_SCALE_OR_NONE_LOGIT_SCALE {
      guard root.logit_scale.isFinite else {
        throw .rule(.modelValues, .manifest, .text("the logit scale is not finite"))
      }
    }
    try checkRange(
      .modelValues, "embedding size", UInt64(root.embedding_size), 0, ContainerLimits.embeddingSize
    ) { .manifest }
  }

  private func checkMetadata() throws(ContainerError) {
    var previous: Name?
    for index in 0..<manifest.pointee.n_metadata {
      guard let entry = element(index, manifest.pointee.metadata, manifest.pointee.n_metadata)
      else { continue }
      try checkMemory()
      try checkName(Name(field: entry.pointee.key), after: &previous) { .metadata(index) }
      try checkCount(
        "bytes of the value", Name(field: entry.pointee.value).bytes.count,
        ContainerLimits.metadataValueBytes, .metadata(index))
    }
  }
}

/// Checks that several rules share. Items are made only for errors.
extension ManifestRules {
  func checkMemory() throws(ContainerError) {
    try withBytes { () throws(BytesError) in try Memory.check() }
  }

  // C10
  func checkCount(
    _ field: String, _ count: Int, _ limit: Int, _ item: @autoclosure () -> ContainerItem
  ) throws(ContainerError) {
    guard count <= limit else {
      throw .rule(
        .limits, item(), .range(field: field, found: UInt64(count), minimum: 0, maximum: UInt64(limit)))
    }
  }

  // C12, and C13 where `previous` is the name before
  func checkName(
    _ name: Name, after previous: inout Name?, _ item: () -> ContainerItem
  ) throws(ContainerError) {
    try checkName(name, item)
    if let before = previous {
      guard before < name else {
        throw .rule(.order, item(), .text("comes after \(quoted(before.text))"))
      }
    }
    previous = name
  }

  // C12
  func checkName(_ name: Name, _ item: () -> ContainerItem) throws(ContainerError) {
    guard name.bytes.count >= 1, name.bytes.count <= ContainerLimits.nameBytes else {
      throw .rule(
        .name, item(),
        .range(
          field: "length of a name", found: UInt64(name.bytes.count), minimum: 1,
          maximum: UInt64(ContainerLimits.nameBytes)))
    }
    for byte in name.bytes {
      guard byte >= 0x20, byte != 0x7F else {
        throw .rule(.name, item(), .text("a name contains the control character \(byte)"))
      }
    }
  }

  func checkRange(
    _ rule: ContainerRule, _ field: @autoclosure () -> String, _ value: UInt64, _ minimum: Int,
    _ maximum: Int,
    _ item: () -> ContainerItem
  ) throws(ContainerError) {
    guard value >= UInt64(minimum), value <= UInt64(maximum) else {
      throw .rule(
        rule, item(),
        .range(field: field(), found: value, minimum: UInt64(minimum), maximum: UInt64(maximum)))
    }
  }

  func checkEqual(
    _ rule: ContainerRule, _ field: @autoclosure () -> String, _ value: UInt64, _ expected: Int,
    _ item: () -> ContainerItem
  ) throws(ContainerError) {
    guard value == UInt64(expected) else {
      throw .rule(rule, item(), .mismatch(field: field(), found: value, expected: UInt64(expected)))
    }
  }

  // C14
  func checkKnown<Value>(
    _ value: Value?, _ field: String, _ raw: UInt32, _ item: () -> ContainerItem
  ) throws(ContainerError) -> Value {
    guard let value else { throw .rule(.unknownValue, item(), .text("\(field) has the value \(raw)")) }
    return value
  }
}
