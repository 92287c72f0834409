public import ArgumentParser
internal import CLimequatPlatform
internal import FoundationEssentials
internal import LimequatBytes
internal import LimequatContainer
public import LimequatQuantize

struct QuantizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quantize",
    abstract: "Writes a .lmq file whose experts are int8.",
    discussion: """
      Each output row has one scale, chosen by least squared error. Routers, norms, biases and positions \
      stay f32. Memory holds a few experts at a time; the output appears only when it is whole.
      """)

  @Argument(help: "A .lmq file.") var input: String
  @Option(name: .shortAndLong, help: "The .lmq file to write.") var output: String
  @Option(help: "How experts are stored.") var experts: QuantizationOptions.Experts = .int8
  @Option(
    help: """
      Attention, dense MLPs, heads and text tables. int8: all of them, the patch kernel as f16; f16: all of \
      them; keep: none.
      """)
  var dense: QuantizationOptions.Dense = .keep
  @Option(help: "Write the report as JSON to this file; on standard output it is a table.")
  var report: String?
  @Option(parsing: .unconditional, help: "Threads that compute; 0: as many as the machine has processors.")
  var threads = 0

  func validate() throws {
    guard (0...1024).contains(threads) else {
      throw ValidationError("--threads takes a number from 0 to 1024")
    }
  }

  func run() throws {
    let options = QuantizationOptions(experts: experts, dense: dense, threads: threads)
    try OutputFile.check([output] + (report.map { [$0] } ?? []), inputs: [input])
    // A report that cannot be written is better known before the work than after it.
    let reportFile = try report.map { try TextFile.create($0) }
    lmq_interruption_catch()
    let result: QuantizationReport
    do throws(QuantizeError) {
      result = try Quantization.run(from: input, to: output, options: options) { done, total in
        Console.progress("\(Size.text(done)) of \(Size.text(total))")
      }
      Console.endProgress()
    } catch {
      Console.endProgress()
      throw Fault.quantizing(input, output, error)
    }
    // The file first: standard output may be a pipe that nobody reads any more.
    try reportFile?.write(try JSONText.of(result, keepingNames: true))
    Console.result(result.table)
  }
}

extension QuantizationOptions.Experts: ExpressibleByArgument {}
extension QuantizationOptions.Dense: ExpressibleByArgument {}

extension Fault {
  /// What the source breaks is the input's fault; what the target's file system breaks is the system's.
  static func quantizing(_ input: String, _ output: String, _ error: QuantizeError) -> Fault {
    switch error {
    case .source(let error): .reading(input, error)
    case .target: .system("\(output): \(error)")
    case .memory: .system("\(error)")
    default: .input("\(input): \(error)")
    }
  }
}
