internal import ArgumentParser
internal import LimequatBytes

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measures how fast a signature runs on random inputs.",
    discussion: """
      open: from the path to a model and a session; first: the first call, which touches the weights; then \
      calls until the time is up, at least three.
      """)

  @Argument(help: "A .lmq file.") var model: String
  @Option(help: "The signature to run; by default the first one.") var signature: String?
  @Option(parsing: .unconditional, help: "Items of a call.") var batch = 1
  @Option(parsing: .unconditional, help: "How long to measure.") var seconds = 3.0
  @Flag(help: "One JSON object.") var json = false
  @OptionGroup var options: RunOptions

  func validate() throws {
    guard (1...65_536).contains(batch) else {
      throw ValidationError("--batch takes a number from 1 to 65536")
    }
    guard seconds >= 0, seconds <= 86_400 else { throw ValidationError("--seconds takes 0 to 86400") }
  }

  func run() throws {
    let report = try Benchmark.measure(
      model: model, signature: signature, batch: batch, seconds: seconds, options: options)
    Console.result(json ? try JSONText.of(report) : report.description)
  }
}
