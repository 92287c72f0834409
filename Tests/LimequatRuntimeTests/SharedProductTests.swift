import CLimequatKernels
import Testing

@testable import LimequatRuntime

/// Into which units a product is cut.
@Suite struct SharedProductTests {
  private func product(_ m: Int, _ n: Int, k: Int = 768, copied: Bool = true) -> Product {
    guard copied else {
      var job = lmq_matmul()
      (job.m, job.n, job.k) = (m, n, k)
      return .float(job)
    }
    var job = lmq_matmul_int8()
    (job.m, job.n, job.k) = (m, n, UInt32(k))
    return .int8(job)
  }

  /// The units of a product, which is all there is to do. Each output of each row belongs to one of them.
  private func parts(
    _ m: Int, _ n: Int, threads: Int, k: Int = 768, copied: Bool = true
  ) -> [(rows: Range<Int>, panels: Range<Int>)] {
    let product = product(m, n, k: k, copied: copied)
    let shared = SharedProduct(product, of: product.work, threads: threads)
    let parts = (0..<shared.units).map { shared.part($0) }
    let panels = (n + 31) / 32
    var times = Array(repeating: 0, count: m * panels)
    for part in parts {
      for row in part.rows { for panel in part.panels { times[row * panels + panel] += 1 } }
    }
    #expect(times.allSatisfy { $0 == 1 })
    let counts = parts.map(\.panels.count)
    #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
    return parts
  }

  /// A unit of some rows has eight panels at least, for each of which a kernel would copy them anew, but
  /// where threads would go without; and threads have as many units each.
  @Test(arguments: [(256, 2), (512, 2), (768, 2), (2048, 8), (2592, 10), (3072, 12), (30720, 12)])
  func twoThreadsShareEvenly(_ n: Int, _ count: Int) {
    #expect(parts(49, n, threads: 2).count == count)
  }

  /// Products that wait for their weights have smaller units, which still are not copied for single panels.
  @Test(arguments: [(64, 2), (256, 4), (768, 12), (2304, 36), (3072, 48), (30720, 48)])
  func fewRowsAreSharedFinely(_ n: Int, _ count: Int) {
    #expect(parts(16, n, threads: 2, k: 4096).count == count)
    #expect(parts(17, n, threads: 2, k: 4096).count < max(count, 3))
  }

  @Test func moreThreadsShareEvenly() {
    #expect(parts(49, 3072, threads: 3).count == 12)
    #expect(parts(49, 512, threads: 4).count == 4)
    #expect(parts(49, 32 * 9, threads: 8).count == 8)
    #expect(parts(49, 32, threads: 4).count == 1)
  }

  @Test func oneThreadDoesAllAtOnce() {
    #expect(parts(49, 3072, threads: 1).count == 1)
    #expect(parts(0, 0, threads: 2).count == 1)
  }

  /// Units of inputs that are not copied are as many as evens them out.
  @Test func inputsThatAreNotCopied() {
    #expect(parts(49, 512, threads: 2, copied: false).count == 12)
    #expect(parts(577, 4096, threads: 2, k: 1024, copied: false).count == 14)
  }

  /// Rows whose inputs would leave the second cache are cut, too.
  @Test func manyRowsAreCut() {
    #expect(parts(120, 3072, threads: 1, copied: false).count == 1)
    #expect(parts(240, 3072, threads: 1, copied: false).count == 2)
    #expect(parts(1576, 768, threads: 2).allSatisfy { $0.rows.count <= 504 && $0.panels.count >= 8 })
    #expect(parts(196, 768, threads: 2).count == 6)  // three tiles, two ranges: three each
  }

  /// Of products that share threads, each is cut by its part of the work. One row counts as eight: it takes
  /// as long.
  @Test func productsTogether() {
    let large = product(64, 3072)
    let small = product(1, 3072)
    #expect(small.work == product(8, 3072).work)
    #expect(product(0, 3072).work == 0)
    let total = large.work + small.work
    #expect(SharedProduct(large, of: total, threads: 2).units == 10)
    #expect(SharedProduct(small, of: total, threads: 2).units == 4)
    #expect(SharedProduct(product(1, 512), of: total, threads: 2).units == 1)
  }
}
