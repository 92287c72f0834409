internal import ArgumentParser
internal import Limequat
internal import LimequatBytes
internal import LimequatTensor

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Runs a signature of a model on arrays.",
    discussion: """
      Arrays are .npy files: f32, i32 or i64, row-major. An optional input (lengths) may be left out. All \
      items are one call.
      """)

  @Argument(help: "A .lmq file.") var model: String
  @Option(help: "The signature to run; `limequat inspect` lists them.") var signature: String
  @Option(parsing: .unconditionalSingleValue, help: "NAME=FILE.npy; once for each input.")
  var input: [NamedFile]
  @Option(parsing: .unconditionalSingleValue, help: "NAME=FILE.npy; once for each output that is wanted.")
  var output: [NamedFile]
  @OptionGroup var options: RunOptions

  func run() throws {
    try OutputFile.check(output.map(\.path), inputs: [self.model] + input.map(\.path))
    let model = try options.open(self.model)
    let embedder = try Embedder(model)
    let results = try embedder.run(
      signature: signature, inputs: try input.map { ($0.name, try NumpyArray.read(path: $0.path)) },
      outputs: output.map(\.name))
    for (file, array) in zip(output, results) { try array.write(path: file.path) }
  }
}

/// `NAME=FILE` on the command line.
struct NamedFile: ExpressibleByArgument {
  let name: String
  let path: String

  init?(argument: String) {
    guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else { return nil }
    name = String(argument[..<equals])
    path = String(argument[argument.index(after: equals)...])
    if path.isEmpty { return nil }
  }
}
