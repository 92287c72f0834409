internal import LimequatBytes
internal import LimequatContainer
internal import LimequatTensor

/// One pass over a container: reads its parts in the order of the file, and writes them.
///
/// Reading happens at once, writing in what is given to the pipeline; the latter alone touches writer and
/// report.
final class QuantizationRun {
  let container: Container
  let options: QuantizationOptions
  let writer: ContainerWriter
  let pipeline: Pipeline
  private(set) var builder: ReportBuilder
  private let roles: WeightRoles?
  private let progress: (Int, Int) -> Void
  private var bytesDone = 0
  private var bytesTotal = 0

  /// Bytes that are read at once, where one panel is not more.
  static let chunkSize = 1 << 19

  init(
    container: Container, options: QuantizationOptions, writer: ContainerWriter, threads: Int,
    progress: @escaping (Int, Int) -> Void
  ) throws(QuantizeError) {
    self.container = container
    self.options = options
    self.writer = writer
    self.progress = progress
    pipeline = Pipeline(threads: threads)
    builder = ReportBuilder(options)
    roles = options.dense == .keep ? nil : try WeightRoles(container)
  }

  /// Once.
  func run() throws(QuantizeError) {
    defer { pipeline.stop() }
    let parts = Part.all(of: container)
    bytesTotal = parts.reduce(0) { $0 + $1.size }  // inside the file, without overlaps
    progress(0, bytesTotal)
    for part in parts {
      switch part.kind {
      case .tensor(let index): try tensor(index)
      case .bank(let index): try bank(index)
      }
    }
    try pipeline.drain()
  }

  private func tensor(_ index: Int) throws(QuantizeError) {
    guard let tensor = container.tensor(at: index) else { return }
    let name = tensor.name.text
    let conversion = TensorConversion(tensor, role: roles?[name] ?? .other, dense: options.dense)
    var reader = ExtentReader(container, tensor: index, tensor)
    try pipeline.then { [writer] () throws(QuantizeError) in
      try target { () throws(ContainerError) in
        try writer.beginTensor(
          name, type: conversion.type ?? tensor.type, layout: tensor.layout, shape: tensor.shape)
      }
    }
    var rows: MatrixRows?
    switch conversion {
    case .copy: try copy(&reader, tensor.size)
    case .half: try half(&reader, tensor, name)
    case .int8 where tensor.layout == .panel32:
      rows = try matrix(
        &reader, .tensor(name), "", type: tensor.type, inputs: tensor.shape[0], outputs: tensor.shape[1])
    case .int8: rows = try table(&reader, tensor, name)
    }
    try reader.check()
    try pipeline.then { [self] () throws(QuantizeError) in
      try target { () throws(ContainerError) in try writer.end() }
      if let type = conversion.type { builder.add(tensor, name, type, rows?.quality) }
    }
  }

  private func bank(_ index: Int) throws(QuantizeError) {
    guard let bank = container.bank(at: index) else { return }
    let draft = BankDraft(
      name: bank.name.text, inputSize: bank.inputSize, hiddenSize: bank.hiddenSize,
      outputSize: bank.outputSize, isGated: bank.isGated)
    try pipeline.then { [self] () throws(QuantizeError) in
      try target { () throws(ContainerError) in try writer.beginBank(draft) }
      builder.beginBank(draft.name)
    }
    for number in 0..<bank.expertCount {
      guard let expert = bank.expert(at: number) else { continue }
      try self.expert(expert, number, of: bank)
    }
    try pipeline.then { [self] () throws(QuantizeError) in
      try target { () throws(ContainerError) in try writer.endBank() }
    }
  }

  private func expert(
    _ expert: ExpertEntry, _ number: Int, of bank: BankEntry
  ) throws(QuantizeError) {
    guard let encoding = expert.encoding, let block = bank.block(encoding: encoding) else {
      return try pipeline.then { [self] () throws(QuantizeError) in
        try target { () throws(ContainerError) in try writer.absentExpert() }
        builder.add(QuantizationReport.Expert(index: number), [])
      }
    }
    let isQuantized = options.experts == .int8 && encoding != .int8
    let result = isQuantized ? ElementType.int8 : encoding
    var usage: [(modality: String, share: Float)] = []
    for index in 0..<expert.usageCount {
      if let use = expert.usage(at: index) { usage.append((use.modality.text, use.share)) }
    }
    var reader = ExtentReader(container, bank: bank, expert: number, expert)
    try pipeline.then { [writer, usage] () throws(QuantizeError) in
      try target { () throws(ContainerError) in try writer.beginExpert(encoding: result, usage: usage) }
    }
    var parts: [(name: String, rows: MatrixRows)] = []
    if isQuantized {
      let matrices: [(String, ExpertBlock.Matrix?)] = [
        ("first", block.first), ("gate", block.gate), ("second", block.second),
      ]
      let item = QuantizedItem.expert(number, bank: bank.name.text)
      for case (let name, let matrix?) in matrices {
        let rows = try self.matrix(
          &reader, item, name, type: encoding, inputs: matrix.inputs, outputs: matrix.outputs)
        try bias(&reader, item, name, matrix)
        parts.append((name, rows))
      }
    } else {
      try copy(&reader, block.size)
    }
    try reader.check()
    try pipeline.then { [self, parts] () throws(QuantizeError) in
      try target { () throws(ContainerError) in try writer.end() }
      var entry = QuantizationReport.Expert(index: number, from: "\(encoding)", to: "\(result)")
      entry.bytesBefore = block.size
      entry.bytesAfter = bank.block(encoding: result)?.size ?? 0
      builder.add(entry, parts)
    }
  }

  /// After bytes of the source were read.
  func advance(_ count: Int) {
    bytesDone += count
    progress(bytesDone, bytesTotal)
  }
}

/// A part of the source, in the order of the file: a bank stands where its first block is.
private struct Part {
  enum Kind {
    case tensor(Int)
    case bank(Int)
  }
  var kind: Kind
  var offset: Int
  /// In bytes.
  var size: Int

  static func all(of container: Container) -> [Part] {
    var parts: [Part] = []
    for index in 0..<container.tensorCount {
      guard let tensor = container.tensor(at: index) else { continue }
      parts.append(Part(kind: .tensor(index), offset: tensor.offset, size: tensor.size))
    }
    for index in 0..<container.bankCount {
      guard let bank = container.bank(at: index) else { continue }
      var part = Part(kind: .bank(index), offset: .max, size: 0)
      for number in 0..<bank.expertCount {
        guard let expert = bank.expert(at: number), expert.encoding != nil else { continue }
        part.offset = min(part.offset, expert.offset)
        part.size += expert.size
      }
      parts.append(part)
    }
    // Stable: banks without any expert keep their order.
    return parts.sorted { $0.offset < $1.offset }
  }
}
