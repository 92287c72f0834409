import Foundation
import LimequatTestSupport

/// limequat.h as a list of declarations, one a line: comments, the preprocessor and line breaks taken out.
struct HeaderText {
  let declarations: [String]
  /// Names of the functions, sorted.
  let functions: [String]
  /// The value of `#define LMQ_ABI_VERSION`.
  let abiVersion: String

  init() throws {
    let text = try String(
      contentsOfFile: packageRoot + "/Sources/CLimequat/include/limequat.h", encoding: .utf8)
    let code = text.replacing(#/(?s)/\*.*?\*//#, with: " ")
    var version = ""
    var lines: [Substring] = []
    var isContinued = false
    for line in code.split(separator: "\n") {
      if let match = line.firstMatch(of: #/^#define LMQ_ABI_VERSION (\d+)/#) { version = String(match.1) }
      let isDirective = isContinued || line.hasPrefix("#") || line.contains("extern \"C\"")
      isContinued = isDirective && line.hasSuffix("\\")
      if !isDirective { lines.append(line) }
    }
    var found: [String] = []
    var depth = 0
    var current = ""
    for character in lines.joined(separator: " ") {
      if character == "{" { depth += 1 }
      if character == "}" { depth -= 1 }
      if character == ";" && depth == 0 {
        found.append(
          current.replacing(#/\s+/#, with: " ").trimmingCharacters(in: .whitespaces) + ";")
        current = ""
      } else {
        current.append(character)
      }
    }
    declarations = found
    functions =
      found.compactMap { declaration in
        declaration.firstMatch(of: #/^[^{]*?(lmq_[a-z_]+)\(/#).map { String($0.1) }
      }.sorted()
    abiVersion = version
  }
}
