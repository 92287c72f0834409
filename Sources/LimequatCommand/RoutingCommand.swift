internal import ArgumentParser
internal import Limequat
internal import LimequatTensor

struct RoutingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "routing",
    abstract: "Shows which experts images and texts use.",
    discussion: """
      For each MoE layer and modality: the share of each expert in the choices that found room, how many \
      experts that amounts to, and what part of the choices was kept under the capacity. Purity is the share \
      of the most frequent modality in an expert. With a memory budget the last line says how many experts \
      were in memory when they were wanted (hits), how many had to be read (misses), and what that took.
      """)

  @Argument(help: "A .lmq file.") var model: String
  @Option(parsing: .unconditionalSingleValue, help: "A PNG or JPEG file; may be repeated.")
  var image: [String] = []
  @Option(parsing: .unconditionalSingleValue, help: "A text; may be repeated.")
  var text: [String] = []
  @Flag(help: "One JSON object.") var json = false
  @OptionGroup var options: RunOptions

  func validate() throws {
    guard !image.isEmpty || !text.isEmpty else {
      throw ValidationError("give at least one --image or --text")
    }
  }

  func run() throws {
    let model = try options.open(self.model)
    var embedder = try Embedder(model, tracesRouting: true)
    var report = RoutingReport()
    embedder.observe = { (session, modality) throws(LimequatError) in
      if let trace = try session.readTrace() { report.add(trace, modality: modality) }
    }
    let width = model.embeddingSize
    let vectors = try NumpyArray(type: .f32, shape: Shape(of: image.count + text.count, width))
    let floats = vectors.floats
    try embedder.embed(images: image, into: .init(rebasing: floats[..<(image.count * width)]))
    try embedder.embed(texts: text, into: .init(rebasing: floats[(image.count * width)...]))
    if options.memoryBudget != nil {
      report.reading = RoutingReport.Reading(
        try Fault.calling { () throws(LimequatError) in try model.readCounters() })
    }
    Console.result(json ? try JSONText.of(report) : report.description)
  }
}
