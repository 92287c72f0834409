internal import CLimequatPlatform
internal import FoundationEssentials
internal import LimequatContainer

/// What a command must not write over.
enum OutputFile {
  /// An output never takes the place of what the command reads, or of another output.
  static func check(_ outputs: [String], inputs: [String]) throws(Fault) {
    for (place, output) in outputs.enumerated() {
      for input in inputs where lmq_is_same_file(output, input) {
        throw .input("\(output): the output is an input, too; expected another file")
      }
      for other in outputs[..<place] where output == other || lmq_is_same_file(output, other) {
        throw .input("\(output): two outputs in one file; expected another file for each")
      }
    }
  }

  /// A file of a checkpoint folder is an input, whatever its name, but for a model that was put there.
  static func check(_ output: String, checkpoint folder: String) throws(Fault) {
    if isModel(output) { return }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    try check([output], inputs: names.map { "\(folder)/\($0)" })
  }

  /// Also a damaged one, if it begins like a model.
  private static func isModel(_ path: String) -> Bool {
    do throws(ContainerError) {
      _ = try Container.open(path: path, access: .positioned)
      return true
    } catch {
      return ![nil, .headerSize, .magic].contains(error.rule)
    }
  }
}
