import Foundation
import LimequatContainer
import Testing

@Suite struct VectorTests {
  @Test func vectorsAreThere() {
    #expect(Vectors.valid.count >= 8)
    // At least one file for each rule.
    let rules = Set(Vectors.invalid.map { $0.prefix(3) })
    #expect(rules.count == 39)
  }

  @Test(arguments: Vectors.valid, Opening.allCases)
  func validIsReadAndVerified(name: String, opening: Opening) throws {
    let text = Vectors.path("valid", name.dropLast(4) + ".txt")
    let expected = try String(contentsOfFile: text, encoding: .utf8)
    try opening.withContainer(at: Vectors.path("valid", name)) { container in
      #expect(try dump(container) == expected)
      try container.verify()
      for index in 0..<container.tensorCount { try container.checkTensor(at: index) }
    }
  }

  /// `C07-overlapping-extents.what.lmq` breaks rule C07, whose name is "overlapping extents".
  @Test(arguments: Vectors.invalid, Opening.allCases)
  func invalidIsRefusedByItsRule(name: String, opening: Opening) throws {
    let error = #expect(throws: ContainerError.self) {
      try opening.withContainer(at: Vectors.path("invalid", name)) { try $0.verify() }
    }
    let rule = try #require(error?.rule, "\(String(describing: error))")
    let expected = rule.id + "-" + rule.name.split(separator: " ").joined(separator: "-")
    #expect(String(name.prefix { $0 != "." }) == expected, "\(String(describing: error))")
    #expect("\(error!)".hasPrefix("\(rule.id) \(rule.name): "))
  }

  /// The rules up to C32 need no look at the data.
  @Test(arguments: Vectors.invalid)
  func dataIsLookedAtLater(name: String) throws {
    let isAboutData = name > "C33"
    let container = try? Container.open(path: Vectors.path("invalid", name), access: .positioned)
    #expect((container != nil) == isAboutData)
  }

  @Test func checksumErrorsSayWhose() throws {
    let path = Vectors.path("invalid", "C34-expert-checksum.lmq")
    let container = try Container.open(path: path, access: .positioned)
    let error = #expect(throws: ContainerError.self) { try container.checkExpert(bank: 0, index: 0) }
    #expect(error?.description.contains("expert 0 of bank \"moe\"") == true)
    #expect(error?.description.contains("bytes at 4096") == true)
    try container.checkExpert(bank: 0, index: 1)  // absent
    #expect(throws: ContainerError.self) { try container.checkExpert(bank: 0, index: 2) }
    #expect(throws: ContainerError.self) { try container.checkTensor(at: 0) }
  }

  /// make.py gives the files that are checked in.
  @Test func regeneratingChangesNothing() throws {
    let folder = NSTemporaryDirectory() + "limequat-vectors-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let python = Process()
    python.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    python.arguments = ["python3", "-B", Vectors.folder + "/make.py", folder]
    let answer = Pipe()
    python.standardError = answer
    try python.run()
    let message = String(decoding: answer.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    python.waitUntilExit()
    if python.terminationStatus == 127 { return }  // no Python on this machine
    try #require(python.terminationStatus == 0, "\(message)")
    for (kind, names) in [("valid", Vectors.valid), ("invalid", Vectors.invalid)] {
      let made = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(kind)")
      #expect(made.filter { $0.hasSuffix(".lmq") }.sorted() == names)
      for name in made {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(kind)/\(name)"))
        #expect(Array(bytes) == (try Vectors.bytes(kind, name)), "\(name)")
      }
    }
  }
}
