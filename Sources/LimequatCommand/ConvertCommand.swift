public import ArgumentParser
internal import CLimequatPlatform
internal import LimequatBytes
internal import LimequatContainer
public import LimequatConvert

struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Turns a checkpoint into a .lmq file.",
    discussion: """
      SOURCE is a checkpoint folder or a file in one; the family is recognised. Known families: \
      \(Architecture.allCases.map(\.rawValue).joined(separator: ", ")). Memory holds one expert at a time. \
      The output appears only when it is whole.
      """)

  @Argument(help: "A checkpoint folder, or a file in one.") var source: String
  @Option(name: .shortAndLong, help: "The .lmq file to write.") var output: String
  @Option(help: "The family to read the source as, instead of the recognised one.")
  var architecture: Architecture?
  @Option(help: "How matrices and tables are stored; keep: each as in the source.")
  var dtype: ConversionOptions.WeightType = .keep
  @Flag(help: "Remove a finite expert capacity.") var dropless = false
  @Flag(help: "Show the plan, write nothing.") var dryRun = false

  func run() throws {
    var options = ConversionOptions()
    options.architecture = architecture
    options.weights = dtype
    options.dropless = dropless
    let plan: ConversionPlan
    do throws(ConversionError) {
      plan = try Conversion.plan(source: source, options: options)
    } catch {
      throw Fault.converting(output, error)
    }
    if dryRun { return Console.result(plan.description) }
    try OutputFile.check(output, checkpoint: plan.source)
    lmq_interruption_catch()
    do throws(ConversionError) {
      try plan.write(to: output) { done, total in
        Console.progress("\(Size.text(done)) of \(Size.text(total))")
      }
      Console.endProgress()
    } catch {
      Console.endProgress()
      throw Fault.converting(output, error)
    }
  }
}

extension Architecture: ExpressibleByArgument {}
extension ConversionOptions.WeightType: ExpressibleByArgument {}

extension Fault {
  /// What the source breaks is the input's fault; what the target's file system breaks is the system's.
  static func converting(_ output: String, _ error: ConversionError) -> Fault {
    switch error {
    case .container(.bytes(let error)): .system("\(output): \(error)")
    case .memory(let error): .system("\(error)")
    default: .input("\(error)")
    }
  }
}
