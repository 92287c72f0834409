import CLimequatKernels
import Testing

@testable import LimequatRuntime

/// Into how many units a product is cut.
@Suite struct SharedProductTests {
  private func units(_ m: Int, _ n: Int, _ threads: Int, shares: Int = 6) -> Int {
    var job = lmq_matmul()
    (job.m, job.n, job.k) = (m, n, 768)
    let product = Product.float(job)
    let unitWork = threads == 1 ? Int.max : product.work / (shares * threads)
    return SharedProduct(product, unitWork: unitWork, threads: threads).units
  }

  /// Few rows: units have eight of the panels at least, whose inputs a kernel would copy anew, and threads have
  /// as many units each.
  @Test(arguments: [(256, 2), (512, 2), (768, 2), (2048, 8), (3072, 12), (30720, 12)])
  func twoThreadsShareEvenly(_ n: Int, _ count: Int) {
    #expect(units(49, n, 2) == count)
  }

  @Test func allThreadsHaveSome() {
    #expect(units(49, 512, 4) == 4)
    #expect(units(49, 32 * 9, 8) == 5)  // of two panels and one
    #expect(units(49, 32, 4) == 1)
  }

  @Test func oneThreadDoesAllAtOnce() {
    #expect(units(49, 3072, 1) == 1)
    #expect(units(0, 0, 2) == 1)
  }

  /// Rows whose inputs would leave the second cache are cut, too.
  @Test func manyRowsAreCut() {
    #expect(units(120, 3072, 1) == 1)
    #expect(units(240, 3072, 1) == 2)
  }
}
