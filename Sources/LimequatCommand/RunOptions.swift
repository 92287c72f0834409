internal import ArgumentParser
internal import Limequat

/// What all commands that run a model take.
struct RunOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: "Threads that compute; 0: as many as the machine has processors.")
  var threads = 0
  @Option(help: "Bytes that experts may hold: 64MiB, 1GiB or a plain number. Without it the file is mapped.")
  var memoryBudget: ByteCount?
  @Flag(help: "Read all weights when they are first used, and keep them in memory.")
  var resident = false

  func validate() throws {
    guard (0...Model.mostThreads).contains(threads) else {
      throw ValidationError("--threads takes a number from 0 to \(Model.mostThreads)")
    }
    guard memoryBudget == nil || !resident else {
      throw ValidationError("--memory-budget and --resident exclude each other")
    }
  }

  var modelOptions: Model.Options {
    Model.Options(threads: threads, memoryBudget: memoryBudget?.bytes, isResident: resident)
  }

  func open(_ path: String) throws(Fault) -> Model {
    try Fault.calling { () throws(LimequatError) in try Model.open(path: path, options: modelOptions) }
  }
}

extension Fault {
  /// Runs a call of the library.
  static func calling<R: ~Copyable>(_ body: () throws(LimequatError) -> R) throws(Fault) -> R {
    do throws(LimequatError) { return try body() } catch { throw Fault(error) }
  }

  /// Input and output of the caller are code 1, the system's failures 3.
  init(_ error: LimequatError) {
    switch error.code {
    case .memory, .thread, .internalFault: self = .system(error.message)
    case .io where Fault.isShortage(error.systemError): self = .system(error.message)
    default: self = .input(error.message)
    }
  }
}
