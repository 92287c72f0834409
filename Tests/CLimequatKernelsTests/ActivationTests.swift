import CLimequatKernels
import Foundation
import Testing

/// The functions of `generic` against double precision; the other tables equal it.
@Suite struct ActivationTests {
  func apply(_ activation: lmq_activation, _ x: [Float]) -> [Float] {
    var y = [Float](repeating: .nan, count: x.count)
    Table.generic.functions.activate(x, &y, x.count, activation)
    return y
  }

  /// Dense in [-limit, limit], with values down to the smallest.
  func samples(_ limit: Float) -> [Float] {
    var random = Random(1)
    var x = random.values(20_000, limit)
    for exponent in -149...0 {
      let power = Float(sign: .plus, exponent: exponent, significand: 1)
      x += [power, -power, power * 1.37, -power * 1.37]
    }
    return x + [0, -0.0]
  }

  /// The largest error within [-limit, limit], in units of the last place.
  func worst(_ activation: lmq_activation, _ limit: Float, _ exact: (Double) -> Double) -> Double {
    let x = samples(limit)
    var worst = 0.0
    for (x, y) in zip(x, apply(activation, x)) {
      let error = ulps(y, exact(Double(x)))
      if !(error <= worst) { worst = error }
    }
    return worst
  }

  func geluTanh(_ x: Double) -> Double {
    x / (1 + exp(-2 * (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  }

  @Test func tanhIsRight() { #expect(worst(LMQ_ACTIVATION_TANH, 12, tanh) <= 2) }
  @Test func sigmoidIsRight() {
    #expect(worst(LMQ_ACTIVATION_SIGMOID, 85) { 1 / (1 + exp(-$0)) } <= 3)
  }
  @Test func siluIsRight() {
    #expect(worst(LMQ_ACTIVATION_SILU, 85) { $0 / (1 + exp(-$0)) } <= 3)
  }
  @Test func geluErfIsRightToItsFarTail() {
    #expect(worst(LMQ_ACTIVATION_GELU_ERF, 12) { $0 * erfc(-$0 / 2.0.squareRoot()) / 2 } <= 7)
  }
  /// The rounding of the exponent grows with the exponent: 2u is 1.7 at 1, 6.8 at 3.
  @Test(arguments: [(Float(1), 4.0), (3, 16)]) func geluTanhIsRight(limit: Float, bound: Double) {
    #expect(worst(LMQ_ACTIVATION_GELU_TANH, limit, geluTanh) <= bound)
  }
  @Test(arguments: [(Float(1), 4.0), (3, 8)]) func quickGeluIsRight(limit: Float, bound: Double) {
    #expect(worst(LMQ_ACTIVATION_QUICK_GELU, limit) { $0 / (1 + exp(-1.702 * $0)) } <= bound)
  }
  /// Where the ratio to the exact value means little, the absolute error is far below that of f32 at 1.
  @Test func geluTanhIsRightInItsTail() {
    let x = samples(90)
    for (x, y) in zip(x, apply(LMQ_ACTIVATION_GELU_TANH, x)) {
      let exact = geluTanh(Double(x))
      #expect(abs(Double(y) - exact) <= 1e-45 + 4e-8 * min(1, Double(abs(x))) + 2e-7 * abs(exact))
    }
  }
  @Test func reluKeepsThePositive() {
    #expect(apply(LMQ_ACTIVATION_RELU, [-1, 0, 2, -.infinity, .infinity]) == [0, 0, 2, 0, .infinity])
  }
  @Test func infinitiesGoWhereTheFunctionsGo() {
    let far: [Float] = [-.infinity, .infinity, -3e38, 3e38]
    #expect(apply(LMQ_ACTIVATION_TANH, far) == [-1, 1, -1, 1])
    #expect(apply(LMQ_ACTIVATION_SIGMOID, far) == [0, 1, 0, 1])
    for activation in [
      LMQ_ACTIVATION_GELU_TANH, LMQ_ACTIVATION_GELU_ERF, LMQ_ACTIVATION_QUICK_GELU, LMQ_ACTIVATION_SILU,
    ] {
      #expect(apply(activation, [.infinity, -1e30, 1e30]) == [.infinity, 0, 1e30])
    }
  }
  @Test(arguments: 0...7) func nanPasses(activation: UInt32) {
    #expect(apply(lmq_activation(activation), [.nan])[0].isNaN)
  }
}
