internal import Foundation
internal import LimequatGraph
internal import LimequatTestSupport
import Testing

let vectors = URL(fileURLWithPath: packageRoot).appendingPathComponent("formats/vectors")

private func names(_ folder: String, suffix: String, prefix: String = "") throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: vectors.appendingPathComponent(folder).path)
    .filter { $0.hasPrefix(prefix) && $0.hasSuffix(suffix) }.sorted()
}

func decode(_ bytes: some ContiguousBytes) throws -> Graph {
  try bytes.withUnsafeBytes { try Graph.decode($0) }
}

@Test func validGraphsAreReadAsTheirDumpsSay() throws {
  let names = try names("valid", suffix: ".onnx")
  #expect(names.count == 4)
  for name in names {
    let file = vectors.appendingPathComponent("valid/" + name)
    let expected = try String(
      contentsOf: file.deletingPathExtension().appendingPathExtension("txt"), encoding: .utf8)
    let found = try dump(decode(Data(contentsOf: file)))
    #expect(found == expected, "\(name)")
  }
}

@Test func invalidGraphsBreakTheRuleOfTheirName() throws {
  var seen: Set<Int> = []
  for name in try names("invalid", suffix: ".onnx", prefix: "G") {
    let bytes = try Data(contentsOf: vectors.appendingPathComponent("invalid/" + name))
    let error = #expect(throws: GraphError.self, "\(name)") {
      let graph = try decode(bytes)
      _ = try inferTestShapes(graph)
    }
    let rule = try #require(error?.rule)
    #expect(name.hasPrefix("\(rule.id)-\(rule.name)"), "\(name): \(error.map { "\($0)" } ?? "")")
    #expect("\(error.map { "\($0)" } ?? "")".hasPrefix("\(rule.id) \(rule.name): "))
    seen.insert(rule.rawValue)
  }
  // G02 would be a large file and G24 is broken by a call; both are tested by themselves.
  #expect(seen == Set(GraphRule.allCases.map(\.rawValue)).subtracting([2, 24]))
}

@Test func graphsOfMoreThanTheLimitAreRefused() {
  let error = #expect(throws: GraphError.self) { try decode(Data(count: 4 << 20 | 1)) }
  #expect(error?.rule == .size)
}

@Test func graphsThatUnpackToMoreThanTheLimitAreRefused() {
  // 1,000,000 empty nodes: 2 MB that need more than 100 MB.
  var graph: [UInt8] = []
  for _ in 0..<1_000_000 { graph += [0x0A, 0] }
  let bytes: [UInt8] = [0x3A, 0x80, 0x89, 0x7A] + graph
  #expect(graph.count == 2_000_000)
  let error = #expect(throws: GraphError.self) { try decode(bytes) }
  #expect(error?.rule == .size)
}

@Test func thePageStatesEveryRule() throws {
  let page = try String(
    contentsOf: vectors.deletingLastPathComponent().appendingPathComponent("graph.md"), encoding: .utf8)
  for rule in GraphRule.allCases { #expect(page.contains("- **\(rule.id) \(rule.name)**")) }
}
