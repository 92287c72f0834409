internal import ArgumentParser
internal import CLimequatPlatform
internal import Limequat

/// The command line of Limequat: every subcommand is a file of its own.
@main
struct Tool: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "limequat",
    abstract: "Converts and runs sparse mixture-of-experts models of images and text.",
    discussion: """
      Results go to standard output, faults to standard error. Exit codes: 0 done; 1 the request cannot be \
      met with this input; 2 the command line does not parse; 3 the system failed.
      """,
    version: "limequat \(limequatVersion)",
    subcommands: [
      ConvertCommand.self, QuantizeCommand.self, InspectCommand.self, VerifyCommand.self, EmbedCommand.self,
      ClassifyCommand.self, RunCommand.self, RoutingCommand.self, BenchCommand.self, SynthCommand.self,
    ])

  /// Replaces ArgumentParser's `main`, whose exit code for a command line that does not parse is 64.
  static func main() {
    lmq_quit_at_once()
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let fault as Fault {
      if lmq_is_interrupted() {
        Console.fault("interrupted; nothing was written")
        lmq_interruption_end()
      }
      Console.fault(fault.message)
      CLimequatPlatform.exit(fault.code)
    } catch {
      let text = fullMessage(for: error)
      if exitCode(for: error) == .success {
        Console.result(text)
        CLimequatPlatform.exit(0)
      }
      Console.fault(explained(text), prefix: "")
      CLimequatPlatform.exit(2)
    }
  }

  /// A misspelt option comes before what is missing because of it. What follows from "Usage:" on is the same.
  private static func explained(_ text: String) -> String {
    guard !text.hasPrefix("Error: Unknown option"),
      let unknown = UnknownOption.find(in: Array(CommandLine.arguments.dropFirst()))
    else { return text }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    return (["Error: Unknown option '\(unknown)'"] + lines.drop { !$0.hasPrefix("Usage:") }).joined(
      separator: "\n")
  }
}
