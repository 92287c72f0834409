import Foundation
import LimequatBytes
import LimequatContainer
import LimequatTensor
import Testing

@Suite struct LargeFileTests {
  /// Opening looks at nothing but header and manifest: a tensor of 4 GiB may be a hole.
  @Test(arguments: [Container.Access.mapped, .positioned])
  func fourGibibytesAreOpenedWithoutTheirData(access: Container.Access) throws {
    let path = TemporaryPath()
    let rows = 1 << 30
    // Tensor {name "t", type F32, layout ROWS, dims [rows], offset 64, size 4 * rows}
    let dims = varint(rows)
    let tensor: [UInt8] =
      [0x0A, 1, UInt8(ascii: "t"), 0x10, 1, 0x18, 1, 0x22, UInt8(dims.count)] + dims + [0x28, 64, 0x30]
      + varint(4 * rows)
    let manifest = [0x1A, UInt8(tensor.count)] + tensor
    let end = 64 + 4 * rows
    guard makeSparse(path.text, [0: handmadeHeader(manifest: manifest, at: end), end: manifest]) else {
      return  // the file system has no room for the hole
    }
    let container = try Container.open(path: path.text, access: access)
    #expect(container.tensor(at: 0)?.size == 4 * rows)
    #expect(container.fileSize == end + manifest.count)
    var last = [UInt8](repeating: 1, count: 4)
    try last.withUnsafeMutableBytes { try container.read(offset: end - 4, into: $0) }
    #expect(last == [0, 0, 0, 0])
  }

  private func varint(_ value: Int) -> [UInt8] {
    value < 128 ? [UInt8(value)] : [UInt8(value & 127 | 128)] + varint(value >> 7)
  }

  private func makeSparse(_ path: String, _ pieces: [Int: [UInt8]]) -> Bool {
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let handle = FileHandle(forUpdatingAtPath: path)
    else { return false }
    defer { try? handle.close() }
    do {
      for (offset, bytes) in pieces {
        try handle.seek(toOffset: UInt64(offset))
        try handle.write(contentsOf: Data(bytes))
      }
      return true
    } catch { return false }
  }

  /// 30,000 tensors and 4,096 experts, written out of order: found by name, not overlapping, all verified.
  @Test func manyTensorsAreSortedAndFound() throws {
    let path = TemporaryPath()
    let writer = try ContainerWriter.create(path: path.text)
    let count = 30_000
    for index in 0..<count {
      let number = index * 7919 % count
      try writer.beginTensor("tensor/\(number)", type: .i32, layout: .rows, shape: Shape(of: 1))
      try withUnsafeBytes(of: Int32(number)) { try writer.write($0) }
      try writer.end()
    }
    try writer.beginBank(BankDraft(name: "bank", inputSize: 1, hiddenSize: 1, outputSize: 1))
    for index in 0..<4096 {
      if index % 64 == 0 {
        try writer.beginExpert(encoding: .int8)
        try writer.write(zeros: 1024)
        try writer.end()
      } else {
        try writer.absentExpert()
      }
    }
    try writer.endBank()
    try writer.finish(ManifestDraft())
    let container = try Container.open(path: path.text)
    #expect(container.tensorCount == count)
    for number in [0, 1, 9, 10, 999, 12_345, count - 1] {
      let index = try #require(container.tensorIndex(Name(Array("tensor/\(number)".utf8).persistent)))
      let tensor = try #require(container.tensor(at: index))
      let bytes = try #require(container.bytes(offset: tensor.offset, size: 4))
      #expect(bytes.loadUnaligned(as: Int32.self) == Int32(number))
    }
    try container.verify()
  }
}

extension [UInt8] {
  /// Bytes that a borrowing name can point to for as long as the tests run.
  var persistent: UnsafeRawBufferPointer {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
    memory.copyBytes(from: self)
    return UnsafeRawBufferPointer(memory)
  }
}
