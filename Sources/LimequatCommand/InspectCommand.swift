internal import ArgumentParser
internal import LimequatContainer

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Shows what is in a .lmq file. Reads no weights.")

  @Argument(help: "A .lmq file.") var file: String
  @Flag(help: "One JSON object instead of text.") var json = false
  @Flag(help: "List every tensor, too.") var tensors = false

  func run() throws {
    let inspection = try Inspection(try ModelFile.open(file), path: file)
    Console.result(json ? try JSONText.of(inspection) : text(inspection))
  }

  private func text(_ inspection: Inspection) -> String {
    var lines = [
      "format           \(inspection.formatVersion)",
      "file             \(Size.text(inspection.fileBytes))",
      "dense tensors    \(inspection.tensors.count), \(Size.text(inspection.denseBytes))",
    ]
    if inspection.embeddingSize > 0 { lines.append("embedding size   \(inspection.embeddingSize)") }
    if let scale = inspection.logitScale { lines.append("logit scale      \(scale) (natural log)") }
    for signature in inspection.signatures {
      let operators = signature.operators.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
      lines.append("signature        \(signature.name)")
      for port in signature.inputs { lines.append("  takes          \(text(port))") }
      for port in signature.outputs { lines.append("  gives          \(text(port))") }
      lines.append("  operators      \(operators.joined(separator: ", "))")
    }
    for bank in inspection.banks {
      let absent = bank.absent > 0 ? ", \(bank.absent) absent" : ""
      lines.append(
        "bank             \(bank.name): \(bank.experts) experts\(absent), \(bank.encoding), "
          + "\(bank.inputSize) -> \(bank.hiddenSize) -> \(bank.outputSize), \(Size.text(bank.bytes))")
    }
    for preprocessing in inspection.imagePreprocessings { lines.append("images           \(preprocessing)") }
    for tokenizer in inspection.tokenizers { lines.append("tokenizer        \(tokenizer)") }
    for (key, value) in inspection.metadata.sorted(by: { $0.key < $1.key }) {
      lines.append("metadata         \(key): \(value)")
    }
    if tensors {
      for tensor in inspection.tensors {
        lines.append(
          "tensor           \(tensor.name) \(tensor.dims) \(tensor.type) \(tensor.layout), "
            + Size.text(tensor.bytes))
      }
    }
    return lines.joined(separator: "\n")
  }

  private func text(_ port: Inspection.Port) -> String {
    "\(port.name): \(port.type) [\(port.dims.map(\.description).joined(separator: ", "))]"
  }
}
