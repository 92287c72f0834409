import CLimequatKernels
import Testing

/// The matrix product of `generic`: its formula, its order of operations, and the layout of its weights.
@Suite struct MatmulTests {
  let kernels = Table.generic.functions

  /// Runs x (m, k) times w (k, n), both row-major.
  func product(
    _ x: [Float], _ w: [Float], m: Int, k: Int, n: Int, bias: [Float]? = nil, residual: [Float]? = nil,
    rows: [UInt32]? = nil, activation: lmq_activation = LMQ_ACTIVATION_NONE
  ) -> [Float] {
    let count = (n + 31) / 32 * 32 * k
    let panels = UnsafeMutableRawPointer.allocate(byteCount: max(count * 4, 64), alignment: 64)
    defer { panels.deallocate() }
    let packed = panels.bindMemory(to: Float.self, capacity: count)
    kernels.pack(w, n, 1, k, n, 1, packed)
    var y = [Float](repeating: .nan, count: m * n)
    x.withUnsafeBufferPointer { x in
      optional(bias) { bias in
        optional(residual) { residual in
          optional(rows) { rows in
            y.withUnsafeMutableBufferPointer { y in
              var job = lmq_matmul(
                x: x.baseAddress, x_stride: k, x_rows: rows, panels: panels, bias: bias, residual: residual,
                residual_stride: n, y: y.baseAddress, y_stride: n, m: m, k: k, n: n, type: Int32(LMQ_F32),
                activation: activation)
              kernels.matmul(&job, 0, (n + 31) / 32)
            }
          }
        }
      }
    }
    return y
  }

  func optional<T>(_ values: [T]?, _ body: (UnsafePointer<T>?) -> Void) {
    guard let values else { return body(nil) }
    values.withUnsafeBufferPointer { body($0.baseAddress) }
  }

  /// The order of formats/numerics.md, written out.
  func reference(_ x: [Float], _ w: [Float], row: Int, column: Int, k: Int, n: Int) -> Float {
    var total: Float = 0
    for start in stride(from: 0, to: k, by: 256) {
      var chain: Float = 0
      for j in start..<min(k, start + 256) { chain = chain.addingProduct(x[row * k + j], w[j * n + column]) }
      total += chain
    }
    return total
  }

  @Test(arguments: [(1, 1, 1), (2, 255, 33), (5, 256, 32), (3, 257, 31), (7, 700, 70), (13, 64, 5)])
  func sumsInBlocksOf256(m: Int, k: Int, n: Int) {
    var random = Random(k)
    let (x, w) = (random.values(m * k), random.values(k * n))
    let (bias, residual) = (random.values(n), random.values(m * n))
    let y = product(x, w, m: m, k: k, n: n, bias: bias, residual: residual)
    for i in 0..<m {
      for j in 0..<n {
        let sum = reference(x, w, row: i, column: j, k: k, n: n)
        #expect(y[i * n + j] == residual[i * n + j] + (sum + bias[j]))
        let exact = (0..<k).reduce(0.0) { $0 + Double(x[i * k + $1]) * Double(w[$1 * n + j]) }
        #expect(abs(Double(sum) - exact) < 1e-4)
      }
    }
  }

  @Test func activationComesBetweenBiasAndResidual() {
    let y = product(
      [1], [2, 2], m: 1, k: 1, n: 2, bias: [-5, 1], residual: [10, 10], activation: LMQ_ACTIVATION_RELU)
    #expect(y == [10, 13])
  }

  @Test func rowsAreGathered() {
    let y = product([1, 2, 3, 4], [1, 0, 0, 1], m: 3, k: 2, n: 2, rows: [1, 0, 1])
    #expect(y == [3, 4, 1, 2, 3, 4])
  }

  @Test func noInputsGiveTheBias() {
    #expect(product([], [], m: 2, k: 0, n: 2, bias: [5, 6]) == [5, 6, 5, 6])
  }

  /// A panel: for each input, 32 outputs side by side; what is beyond n is 0.
  @Test func packLaysPanels() {
    let (k, n) = (3, 40)
    let w = (0..<k * n).map { Float($0 + 1) }
    var panels = [Float](repeating: .nan, count: 64 * k)
    kernels.pack(w, n, 1, k, n, 2, &panels)
    for j in 0..<k {
      for column in 0..<64 {
        let value = panels[column / 32 * 32 * k + j * 32 + column % 32]
        #expect(value == (column < n ? 2 * w[j * n + column] : 0))
      }
    }
    var transposed = [Float](repeating: .nan, count: 64 * k)
    let turned = (0..<k * n).map { w[$0 % k * n + $0 / k] }
    kernels.pack(turned, 1, k, k, n, 2, &transposed)
    #expect(panels == transposed)
  }

  /// The floating-point state a host left behind does not reach the kernels.
  @Test func stateIsSetAndGivenBack() {
    let outside = lmq_kernels_enter()
    let inside = lmq_kernels_enter()
    lmq_kernels_leave(inside)
    #expect(inside == lmq_kernels_enter())
    lmq_kernels_leave(outside)
  }
}
