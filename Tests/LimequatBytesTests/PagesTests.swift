import Foundation
import LimequatBytes
import Testing

struct PagesTests {
  @Test func whatIsGivenBackIsZero() throws {
    let pages = try Pages(size: 5 * Pages.pageSize)
    defer { extendLifetime(pages) }
    let bytes = pages.start.assumingMemoryBound(to: UInt8.self)
    for page in 0..<5 { bytes[page * Pages.pageSize] = 7 }
    // Only whole pages between the two.
    pages.discard(from: 1, to: 4 * Pages.pageSize - 1)
    #expect((0..<5).map { bytes[$0 * Pages.pageSize] } == [7, 0, 0, 7, 7])
    pages.discard(from: 3 * Pages.pageSize, to: 3 * Pages.pageSize)
    pages.discard(from: -1, to: -1)
    #expect(bytes[3 * Pages.pageSize] == 7)
    pages.discard(from: 3 * Pages.pageSize, to: pages.size)
    #expect((0..<5).map { bytes[$0 * Pages.pageSize] } == [7, 0, 0, 0, 0])
  }

  /// The system gives nothing back that is locked.
  @Test func whatIsLockedStays() throws {
    let pages = try Pages(size: 3 * Pages.pageSize)
    defer { extendLifetime(pages) }
    let bytes = pages.start.assumingMemoryBound(to: UInt8.self)
    let isBeyond = pages.lockAsTouched(from: 0, to: pages.size + 1)
    #expect(!isBeyond)
    guard pages.lockAsTouched(from: 0, to: 2 * Pages.pageSize) else { return }  // the user may lock nothing
    for page in 0..<3 { bytes[page * Pages.pageSize] = 7 }
    pages.discard(from: 0, to: 2 * Pages.pageSize)
    pages.discard(from: 2 * Pages.pageSize, to: pages.size)
    #expect((0..<3).map { bytes[$0 * Pages.pageSize] } == [7, 7, 0])
  }

  @Test func largePagesAreAskedFor() throws {
    let pages = try Pages(size: 8 << 20)
    defer { extendLifetime(pages) }
    pages.preferLarge()
    let address = UInt(bitPattern: pages.start)
    let file = try #require(FileHandle(forReadingAtPath: "/proc/self/smaps"))
    let lines = String(decoding: try #require(try file.readToEnd()), as: UTF8.self).split(separator: "\n")
    let place = try #require(
      lines.firstIndex { line in
        let ends = line.prefix { $0 != " " }.split(separator: "-").compactMap { UInt($0, radix: 16) }
        return ends.count == 2 && ends[0] <= address && address < ends[1]
      })
    let flags = try #require(lines[place...].first { $0.hasPrefix("VmFlags:") })
    let has = FileManager.default.fileExists(atPath: "/sys/kernel/mm/transparent_hugepage")
    #expect(flags.split(separator: " ").contains("hg") == (has && Pages.pageSize == 4096))
  }
}
