internal import CLimequatSchema
internal import LimequatBytes
internal import LimequatTensor

/// C12 to C14, C18 and C21 to C25 of the banks.
extension ManifestRules {
  func checkBanks() throws(ContainerError) {
    var previous: Name?
    var total = 0
    for index in 0..<manifest.pointee.n_banks {
      guard let message = element(index, manifest.pointee.banks, manifest.pointee.n_banks) else { continue }
      let bank = BankEntry(message: message)
      let name = bank.name
      func item() -> ContainerItem { .bank(index, name.text) }
      try checkName(name, after: &previous, item)
      let widest = ContainerLimits.matrixInputs
      try checkRange(.bankSizes, "input size", UInt64(message.pointee.input_size), 1, widest, item)
      try checkRange(.bankSizes, "hidden size", UInt64(message.pointee.hidden_size), 1, widest, item)
      try checkRange(.bankSizes, "output size", UInt64(message.pointee.output_size), 1, widest, item)
      try checkRange(.bankSizes, "number of experts", UInt64(bank.expertCount), 1, Int.max, item)
      try checkCount("experts", bank.expertCount, ContainerLimits.expertsPerBank, item())
      total += bank.expertCount  // at most 2^14 banks of 2^16 experts
      try checkCount("experts of all banks", total, ContainerLimits.experts, .manifest)
      try checkExperts(of: bank)
    }
  }

  private func checkExperts(of bank: BankEntry) throws(ContainerError) {
    for index in 0..<bank.expertCount {
      guard let expert = bank.expert(at: index) else { continue }
      try checkMemory()
      func item() -> ContainerItem { .expert(index, bank: bank.name.text) }
      let fields = expert.message.pointee
      guard fields.encoding.rawValue != 0 else {
        let isZero =
          fields.offset == 0 && fields.size == 0 && fields.crc32c == 0 && fields.n_usage == 0
        guard isZero else {
          throw .rule(.absentExpert, item(), .text("it has no encoding, but another field is set"))
        }
        continue
      }
      let encoding = try checkKnown(expert.encoding, "encoding", fields.encoding.rawValue, item)
      guard let block = bank.block(encoding: encoding) else {
        throw .rule(.expertEncoding, item(), .text("an expert cannot be \(encoding)"))
      }
      try checkEqual(.expertSize, "size", fields.size, block.size, item)
      try checkAlignment(fields.offset, ContainerLimits.expertAlignment, item)
      try checkUsage(of: expert, item)
    }
  }

  private func checkUsage(
    of expert: ExpertEntry, _ item: () -> ContainerItem
  ) throws(ContainerError) {
    try checkCount("usages", expert.usageCount, ContainerLimits.usagesPerExpert, item())
    var previous: Name?
    for index in 0..<expert.usageCount {
      guard let usage = expert.usage(at: index) else { continue }
      try checkName(usage.modality, after: &previous, item)
      // False for a NaN.
      guard usage.share >= 0, usage.share <= 1 else {
        throw .rule(.usage, item(), .text("the share of \(quoted(usage.modality.text)) is not in 0 to 1"))
      }
    }
  }
}
