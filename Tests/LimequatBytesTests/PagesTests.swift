import Foundation
import LimequatBytes
import Testing

struct PagesTests {
  @Test func whatIsGivenBackIsZero() throws {
    let pages = try Pages(size: 5 * Pages.pageSize)
    let bytes = pages.start.assumingMemoryBound(to: UInt8.self)
    for page in 0..<5 { bytes[page * Pages.pageSize] = 7 }
    // Only whole pages between the two.
    pages.discard(from: 1, to: 4 * Pages.pageSize - 1)
    #expect((0..<5).map { bytes[$0 * Pages.pageSize] } == [7, 0, 0, 7, 7])
    pages.discard(from: 3 * Pages.pageSize, to: pages.size)
    #expect((0..<5).map { bytes[$0 * Pages.pageSize] } == [7, 0, 0, 0, 0])
  }

  @Test func whatIsKeptIsLocked() throws {
    let pages = try Pages(size: 8 << 20)
    guard pages.keep() else { return }  // as on systems where little may be locked
    pages.start.storeBytes(of: 7, as: UInt8.self)
    // In KiB, of the whole process.
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmLck:") })
    #expect(try #require(Int(line.split(whereSeparator: \.isWhitespace)[1])) >= pages.size >> 10)
    pages.discard(from: 0, to: pages.size)
    #expect(pages.start.load(as: UInt8.self) == 7)
  }
}
