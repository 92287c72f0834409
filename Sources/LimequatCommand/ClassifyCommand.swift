internal import ArgumentParser
internal import Limequat
internal import LimequatBytes

struct ClassifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "classify",
    abstract: "Labels images by text prompts, without training (zero-shot).",
    discussion: """
      The prompts of a label are embedded, averaged and normalised; the score of a label is the softmax over \
      all labels of the scaled dot products. Prints a line for each image: file, best label, score, with \
      tabs between. --json gives the scores of all labels.
      """)

  @Argument(help: "A .lmq file.") var model: String
  @Option(parsing: .unconditional, help: "The labels, with commas between.") var labels: String
  @Option(
    parsing: .unconditionalSingleValue,
    help:
      "A prompt with {} in the place of the label; may be repeated. Without it the label is the prompt."
  )
  var template: [String] = []
  @Argument(help: "PNG or JPEG files.") var images: [String]
  @Flag(help: "One JSON object.") var json = false
  @OptionGroup var options: RunOptions

  private var labelList: [String] {
    labels.split(separator: ",", omittingEmptySubsequences: false).map { label in
      String(label.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
  }

  func validate() throws {
    guard labelList.allSatisfy({ !$0.isEmpty }) else { throw ValidationError("--labels has an empty label") }
  }

  /// What `--json` prints.
  private struct Output: Encodable {
    struct Row: Encodable {
      let image: String
      let label: String
      let score: Float
      let scores: [Float]
    }
    let labels: [String]
    let rows: [Row]
  }

  func run() throws {
    let labels = labelList
    let embedder = try Embedder(try options.open(model))
    var rows: [Output.Row] = []
    let scores = try embedder.classify(images: images, labels: labels, templates: template)
    for (index, image) in images.enumerated() {
      let row = scores.row(index)
      // The first of the best, as a reader would expect.
      let best = row.indices.reduce(0) { row[$1] > row[$0] ? $1 : $0 }
      rows.append(Output.Row(image: image, label: labels[best], score: row[best], scores: row))
    }
    if json { return Console.result(try JSONText.of(Output(labels: labels, rows: rows))) }
    for row in rows { Console.result("\(row.image)\t\(row.label)\t\(row.score)") }
  }
}
