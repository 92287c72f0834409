import Foundation
import LimequatBytes
import LimequatContainer
import LimequatTensor
import Testing

@Suite struct WriterTests {
  /// A container with a bit of everything; `order` is the order of writing.
  private func write(to path: String, order: [String] = ["b", "a"]) throws {
    let writer = try ContainerWriter.create(path: path)
    for name in order {
      try writer.beginTensor(name, type: .i32, layout: .rows, shape: Shape(of: 2))
      try writer.write(zeros: 3)
      try writer.write(zeros: 5)
      try writer.end()
    }
    var draft = ManifestDraft()
    draft.metadata = [("z", "1"), ("a", "2")]
    var signature = SignatureDraft(name: "text", model: [1], modality: "text")
    signature.dimensions = [("T", 16, 16), ("B", 1, nil)]
    signature.tokenizer = 0
    draft.signatures = [signature, SignatureDraft(name: "image", model: [2], modality: "image")]
    var tokenizer = TokenizerDraft(kind: .idsOnly, maxLength: 16, eos: .sticky)
    tokenizer.eosId = 0
    draft.tokenizers = [tokenizer]
    draft.imagePreprocessings = [
      ImagePreprocessing(
        height: 4, width: 4, resize: .shortestSide, size: 5, interpolation: .area,
        mean: .init(0.5, 0.25, 0), std: .init(1, 2, 4))
    ]
    try writer.finish(draft)
  }

  @Test func sameCallsGiveSameBytes() throws {
    let (first, second) = (TemporaryPath(), TemporaryPath())
    try write(to: first.text)
    try write(to: second.text)
    #expect(try first.contents() == second.contents())
  }

  @Test func draftsAreReadBackSorted() throws {
    let path = TemporaryPath()
    try write(to: path.text)
    let container = try Container.open(path: path.text)
    #expect((0..<2).map { container.tensor(at: $0)?.name.text } == ["a", "b"])
    #expect((0..<2).map { container.tensor(at: $0)?.offset } == [128, 64])
    #expect((0..<2).map { container.signature(at: $0)?.name.text } == ["image", "text"])
    let text = try #require(container.signature(at: 1))
    #expect(text.dimension(at: 0)?.name.text == "B")
    #expect(text.dimension(at: 0)?.max == nil)
    #expect(text.dimension(at: 1)?.max == 16)
    #expect(text.dimension(at: 2) == nil)
    #expect(text.tokenizer == 0)
    #expect(text.imagePreprocessing == nil)
    #expect(container.tokenizer(at: 0)?.eosId == 0)
    #expect(container.tokenizer(at: 0)?.padId == nil)
    #expect(container.metadata(at: 0)?.value.text == "2")
    #expect(
      container.imagePreprocessing(at: 0)
        == ImagePreprocessing(
          height: 4, width: 4, resize: .shortestSide, size: 5, interpolation: .area,
          mean: .init(0.5, 0.25, 0), std: .init(1, 2, 4)))
    try container.verify()
  }

  /// A writer that is dropped before it finishes leaves the old file, and nothing beside it.
  @Test func withoutFinishNothingChanges() throws {
    let path = TemporaryPath()
    try write(to: path.text)
    let before = try path.contents()
    do {
      let writer = try ContainerWriter.create(path: path.text)
      try writer.beginTensor("x", type: .u8, layout: .rows, shape: Shape(of: 3 << 20))
      try writer.write(zeros: 2 << 20)
    }
    #expect(try path.contents() == before)
    let folder = (path.text as NSString).deletingLastPathComponent
    let name = (path.text as NSString).lastPathComponent
    let beside = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix(name) }
    #expect(beside == [name])
  }

  /// What a reader would refuse does not appear.
  @Test func ruleBreakingDraftsAreRefused() throws {
    func rule(_ change: (inout ManifestDraft, ContainerWriter) throws -> Void) throws -> ContainerRule? {
      let path = TemporaryPath()
      let writer = try ContainerWriter.create(path: path.text)
      var draft = ManifestDraft()
      let error = #expect(throws: ContainerError.self) {
        try change(&draft, writer)
        try writer.finish(draft)
      }
      #expect(!path.exists)
      return error?.rule
    }
    func tensor(_ writer: ContainerWriter, _ name: String) throws {
      try writer.beginTensor(name, type: .u8, layout: .rows, shape: Shape(of: 1))
      try writer.write(zeros: 1)
      try writer.end()
    }
    #expect(try rule { draft, _ in draft.logitScale = .infinity } == .modelValues)
    #expect(try rule { draft, _ in draft.embeddingSize = -1 } == .modelValues)
    #expect(try rule { draft, _ in draft.requiredFeatures = ["x"] } == .requiredFeature)
    #expect(try rule { draft, _ in draft.metadata = [("a", ""), ("a", "")] } == .order)
    #expect(try rule { draft, _ in draft.metadata = [("a\0b", "")] } == .manifestWireForm)
    #expect(try rule { _, writer in try tensor(writer, "") } == .name)
    #expect(
      try rule { _, writer in
        try tensor(writer, "a")
        try tensor(writer, "a")
      } == .order)
    #expect(
      try rule { _, writer in
        try writer.beginTensor("a", type: .int8, layout: .rows, shape: Shape(of: 1))
      } == .typeAndLayout)
    #expect(
      try rule { draft, _ in
        draft.signatures = [SignatureDraft(name: "s", model: [], modality: "m")]
      } == .signatureModel)
    #expect(
      try rule { _, writer in
        try writer.beginBank(BankDraft(name: "b", inputSize: 1, hiddenSize: 1, outputSize: 1))
        try writer.beginExpert(encoding: .u8)
      } == .expertEncoding)
    #expect(
      try rule { _, writer in
        try writer.beginBank(BankDraft(name: "b", inputSize: 1, hiddenSize: 1, outputSize: 1))
        try writer.endBank()
      } == .bankSizes)
  }

  @Test func callsOutOfTurnAreRefused() throws {
    func fault(_ body: (ContainerWriter) throws -> Void) throws -> WritingFault? {
      let path = TemporaryPath()
      let writer = try ContainerWriter.create(path: path.text)
      let error = #expect(throws: ContainerError.self) { try body(writer) }
      guard case .writing(let fault, _) = error else { return nil }
      return fault
    }
    let calls: [(ContainerWriter) throws -> Void] = [
      { try $0.write(zeros: 1) }, { try $0.end() }, { try $0.endBank() }, { try $0.absentExpert() },
      { try $0.beginExpert(encoding: .f32) },
      {
        try $0.beginTensor("a", type: .u8, layout: .rows, shape: Shape(of: 1))
        try $0.finish(ManifestDraft())
      },
      {
        try $0.finish(ManifestDraft())
        try $0.finish(ManifestDraft())
      },
    ]
    for call in calls {
      guard case .outOfTurn = try fault(call) else {
        Issue.record("a call out of turn was taken")
        continue
      }
    }
    let short = try fault {
      try $0.beginTensor("a", type: .u8, layout: .rows, shape: Shape(of: 2))
      try $0.write(zeros: 1)
      try $0.end()
    }
    guard case .size(written: 1, expected: 2) = short else {
      Issue.record("\(String(describing: short))")
      return
    }
    let long = try fault {
      try $0.beginTensor("a", type: .u8, layout: .rows, shape: Shape(of: 2))
      try $0.write(zeros: 3)
    }
    guard case .tooManyBytes(expected: 2) = long else {
      Issue.record("\(String(describing: long))")
      return
    }
  }

  /// The error of a full disk comes through, and the old file stays. Runs where a small file system can be
  /// mounted.
  @Test func fullDiskLeavesTheOldFile() throws {
    let folder = TemporaryPath()
    try FileManager.default.createDirectory(atPath: folder.text, withIntermediateDirectories: true)
    guard run("mount", "-t", "tmpfs", "-o", "size=64k", "none", folder.text) else { return }
    defer { _ = run("umount", folder.text) }
    let path = folder.text + "/model.lmq"
    try write(to: path)
    let before = FileManager.default.contents(atPath: path)
    let error = #expect(throws: ContainerError.self) {
      let writer = try ContainerWriter.create(path: path)
      try writer.beginTensor("x", type: .u8, layout: .rows, shape: Shape(of: 3 << 20))
      for _ in 0..<3 { try writer.write(zeros: 1 << 20) }
      try writer.end()
      try writer.finish(ManifestDraft())
    }
    guard case .bytes(.system(call: .write, _)) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(FileManager.default.contents(atPath: path) == before)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.text) == ["model.lmq"])
  }

  private func run(_ arguments: String...) -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }

  @Test func unwritablePlacesAreRefused() {
    for path in ["/nowhere/at/all.lmq", "/", "a\0b"] {
      #expect(throws: ContainerError.self) { try ContainerWriter.create(path: path) }
    }
  }
}
