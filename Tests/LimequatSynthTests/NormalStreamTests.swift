internal import Foundation
internal import Testing

@testable internal import LimequatSynth

/// The values come from the definition written anew in Python, checked there against `statistics.NormalDist`.
@Suite struct NormalStreamTests {
  @Test func isWhatItsDefinitionSays() {
    let stream = NormalStream(seed: 7, name: "embedding/bias")
    let found = [stream.pair(0), stream.pair(1)].flatMap { [$0.0, $0.1] }
    let expected = [1.4162274781747033, -1.3233086290712706, -1.1791969648937168, 0.6903015390227574]
    #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-15 * abs($1) })
  }

  @Test func seedAndNameBothCount() {
    let values = [(7, "a"), (8, "a"), (7, "b"), (7, "ab"), (7, "ba")].map { seed, name in
      NormalStream(seed: seed, name: name).pair(0).0
    }
    #expect(Set(values).count == values.count)
  }

  @Test(arguments: [0x1p-33, 1e-5, 0.0749, 0.5, 0.70710678, 1, 3])
  func logarithmIsWithinItsBound(value: Double) {
    #expect(abs(NormalStream.logarithm(value) - log(value)) <= 1e-14 * max(1, abs(log(value))))
  }

  @Test func quantileIsOdd() {
    for bits: UInt32 in [0, 1, 12345, 1 << 28, 1 << 31 - 1] {
      #expect(NormalStream.quantile(bits) == -NormalStream.quantile(.max - bits))
    }
  }

  /// Four standard errors of a million numbers.
  @Test func momentsAreThoseOfTheNormalDistribution() {
    let stream = NormalStream(seed: 1, name: "moments")
    var sums = (0.0, 0.0, 0.0)
    let pairs = 500_000
    for pair in 0..<pairs {
      let (a, b) = stream.pair(pair)
      sums.0 += a + b
      sums.1 += a * a + b * b
      sums.2 += a * b
    }
    let count = Double(2 * pairs)
    #expect(abs(sums.0 / count) < 4e-3)
    #expect(abs(sums.1 / count - 1) < 4 * (2 / count).squareRoot())
    #expect(abs(sums.2 / Double(pairs)) < 4 / Double(pairs).squareRoot())
  }
}
