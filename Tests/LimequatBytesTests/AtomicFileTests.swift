import Foundation
import LimequatBytes
import LimequatTestSupport
import Testing

@Suite struct AtomicFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(_ text: String, to file: AtomicFile, at offset: Int = 0) throws {
    try text.utf8CString.withUnsafeBytes { try file.write(.init(rebasing: $0.dropLast()), at: offset) }
  }

  @Test func committedFileReplacesTheTarget() throws {
    let target = folder.file("a")
    try "old".write(toFile: target, atomically: false, encoding: .utf8)
    let file = try AtomicFile.create(path: target)
    try write("new", to: file, at: 2)
    #expect(try String(contentsOfFile: target, encoding: .utf8) == "old")
    try file.commit()
    #expect(try String(contentsOfFile: target, encoding: .utf8) == "\0\0new")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a"])
  }

  @Test func abandonedFileLeavesTheTargetAndNothingElse() throws {
    let target = folder.file("b")
    try "old".write(toFile: target, atomically: false, encoding: .utf8)
    do {
      let file = try AtomicFile.create(path: target)
      try write("new", to: file)
    }
    #expect(try String(contentsOfFile: target, encoding: .utf8) == "old")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["b"])
  }

  @Test func linkStaysALink() throws {
    let target = folder.file("c")
    let link = folder.file("link")
    try "old".write(toFile: target, atomically: false, encoding: .utf8)
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "c")
    let file = try AtomicFile.create(path: link)
    try write("new", to: file)
    try file.commit()
    #expect(try String(contentsOfFile: target, encoding: .utf8) == "new")
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "c")
  }

  @Test func impossibleTargetsAreRefusedBeforeTheWork() throws {
    let pipe = folder.file("pipe")
    #expect(mkfifo(pipe, 0o600) == 0)
    #expect(throws: BytesError.notAFile) { try AtomicFile.create(path: pipe) }
    #expect(throws: BytesError.system(call: .open, errno: ENOENT)) { try AtomicFile.create(path: "") }
    #expect(throws: BytesError.system(call: .open, errno: EISDIR)) {
      try AtomicFile.create(path: folder.path)
    }
    #expect(throws: BytesError.system(call: .open, errno: ENOENT)) {
      try AtomicFile.create(path: folder.file("none/file"))
    }
  }
}

@Suite struct FileTests {
  @Test func whatIsNoRegularFileIsRefused() {
    #expect(throws: BytesError.notAFile) { try File.open(path: "/") }
    #expect(throws: BytesError.notAFile) { try File.open(path: "/dev/null") }
    #expect(throws: BytesError.system(call: .open, errno: ENOENT)) { try File.open(path: "/no/such/file") }
    #expect(throws: BytesError.system(call: .open, errno: EINVAL)) { try File.open(path: "a\0b") }
  }
}
