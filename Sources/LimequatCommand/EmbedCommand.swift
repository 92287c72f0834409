internal import ArgumentParser
internal import Limequat
internal import LimequatTensor

struct EmbedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "embed",
    abstract: "Gives the unit vectors of images and texts.",
    discussion: """
      One row for each input, in the order of the arguments, images before texts. Without --json or --npy a \
      row is the input, a tab, and the numbers with spaces between.
      """)

  @Argument(help: "A .lmq file.") var model: String
  @Option(parsing: .unconditionalSingleValue, help: "A PNG or JPEG file; may be repeated.")
  var image: [String] = []
  @Option(parsing: .unconditionalSingleValue, help: "A text; may be repeated.")
  var text: [String] = []
  @Flag(help: "One JSON object.") var json = false
  @Option(help: "Write an array of f32, (inputs, embedding size), to this .npy file.") var npy: String?
  @OptionGroup var options: RunOptions

  func validate() throws {
    guard !image.isEmpty || !text.isEmpty else {
      throw ValidationError("give at least one --image or --text")
    }
    guard !json || npy == nil else { throw ValidationError("--json and --npy exclude each other") }
  }

  /// What `--json` prints.
  private struct Output: Encodable {
    struct Row: Encodable {
      let image: String?
      let text: String?
      let embedding: [Float]
    }
    let embeddingSize: Int
    let rows: [Row]
  }

  func run() throws {
    if let npy { try OutputFile.check([npy], inputs: [self.model] + image) }
    let model = try options.open(self.model)
    let embedder = try Embedder(model)
    let width = model.embeddingSize
    let vectors = try NumpyArray(type: .f32, shape: Shape(of: image.count + text.count, width))
    let floats = vectors.floats
    try embedder.embed(images: image, into: .init(rebasing: floats[..<(image.count * width)]))
    try embedder.embed(texts: text, into: .init(rebasing: floats[(image.count * width)...]))
    if let npy { return try vectors.write(path: npy) }
    let rows = (0..<(image.count + text.count)).map { row in
      Output.Row(
        image: row < image.count ? image[row] : nil,
        text: row < image.count ? nil : text[row - image.count],
        embedding: vectors.row(row))
    }
    if json { return Console.result(try JSONText.of(Output(embeddingSize: width, rows: rows))) }
    for row in rows {
      let numbers = row.embedding.map(\.description).joined(separator: " ")
      Console.result("\(row.image ?? row.text ?? "")\t\(numbers)")
    }
  }
}
