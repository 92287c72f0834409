internal import ArgumentParser
internal import LimequatContainer
internal import LimequatRuntime

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Checks every rule and every checksum of a .lmq file.",
    discussion: "Exit code 0 when all hold; 1 with the first fault named.")

  @Argument(help: "A .lmq file.") var file: String

  func run() throws {
    let container = try ModelFile.open(file)
    do throws(ContainerError) {
      try container.verify()
    } catch {
      throw Fault.reading(file, error)
    }
    do throws(RuntimeError) {
      // The rules of the graphs, and of what they name in the file.
      _ = try Model.open(path: file, options: ModelOptions(threads: 1))
    } catch {
      switch error {
      case .bytes(let error): throw Fault.reading(file, error)
      case .container(let error): throw Fault.reading(file, error)
      default: throw Fault.input("\(file): \(error)")
      }
    }
    Console.result("\(file): ok")
  }
}
