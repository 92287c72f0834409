internal import CLimequatKernels
internal import LimequatTensor

/// What computes: the kernels and the threads. Operators are its methods, a file for each family.
///
/// No method splits a sum between threads, and none lets the number of threads or of items choose the order
/// of operations within one: the bits are those of one thread and one item.
struct Engine: Sendable {
  let kernels: Kernels
  let pool: ThreadPool
  let limits: CodeLimits?

  var table: lmq_kernels { kernels.table.pointee }

  /// Elements of one share of elementwise work; less than two shares stay on the caller's thread.
  static let share = 16384

  /// Rows of such a share.
  static func shareRows(width: Int) -> Int { max(1, share / max(1, width)) }

  /// Calls `body` with ranges that together are `0..<rows`, for rows of about `width` elements.
  func forRows(_ rows: Int, width: Int, _ body: (_ rows: Range<Int>, _ worker: Int) -> Void) {
    guard rows > 0 else { return }
    let step = Engine.shareRows(width: width)
    guard pool.threads > 1, rows > step else { return body(0..<rows, 0) }
    let shares = (rows - 1) / step + 1
    pool.run(shares) { share, worker in
      let start = share * step
      body(start..<min(start + step, rows), worker)
    }
  }
}
