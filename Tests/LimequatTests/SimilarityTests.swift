import Foundation
import Testing

@testable import Limequat

/// Runs `body` on the elements in place.
private func onBuffer(_ values: [Float], _ body: (UnsafeMutableBufferPointer<Float>) -> Void) -> [Float] {
  var copy = values
  copy.withUnsafeMutableBufferPointer { body($0) }
  return copy
}

struct SimilarityTests {
  /// The f64 result is right to far less than half an ulp of f32, so both round to the same float except
  /// within a hair of a border.
  @Test func exponentialIsThatOfDoubles() {
    var differing = 0
    var x: Float = -110
    while x < 95 {
      let expected = Float(Foundation.exp(Double(x)))
      let found = exponential(x)
      if found != expected { differing += 1 }
      #expect(found == expected || abs(found - expected) <= expected.ulp, "exp(\(x))")
      x += 0.0037
    }
    #expect(differing == 0)
  }

  @Test func exponentialOfTheExtremes() {
    #expect(exponential(0) == 1)
    #expect(exponential(.infinity) == .infinity)
    #expect(exponential(-.infinity) == 0)
    #expect(exponential(.nan).isNaN)
    #expect(exponential(.greatestFiniteMagnitude) == .infinity)
    #expect(exponential(-.greatestFiniteMagnitude) == 0)
  }

  /// Labels stay comparable where e to the scale is beyond f32, even if rounding made vectors longer than 1.
  @Test(arguments: [Float(88.7), 89, 200, .greatestFiniteMagnitude]) func scoresOfTheLargestScales(
    _ scale: Float
  ) {
    let multiplier = similarityMultiplier(scale)
    let dots: [Float] = [0.5, 1.000001, -1.000001, 0]
    #expect(onBuffer(dots.map { multiplier * $0 }, softmax) == [0, 1, 0, 0])
    #expect(onBuffer([0.25, 0.25].map { multiplier * $0 }, softmax) == [0.5, 0.5])
    #expect(onBuffer([0, 0].map { multiplier * $0 }, softmax) == [0.5, 0.5])
    #expect(similarityMultiplier(4) == exponential(4) && similarityMultiplier(-200) == 0)
  }

  /// Counts around the eight lanes; all sums are exact here, so the order cannot show.
  @Test(arguments: [0, 1, 7, 8, 9, 16, 23, 64])
  func dotOfWholeNumbers(count: Int) {
    let a = (0..<count).map { Float($0 + 1) }
    let b = (0..<count).map { Float(2 * $0 - 3) }
    let expected = zip(a, b).map { $0 * $1 }.reduce(0, +)
    let found = a.withUnsafeBufferPointer { a in b.withUnsafeBufferPointer { b in dot(a, b) } }
    #expect(found == expected)
  }

  /// The order is part of the result: lane j % 8, then ((0+4)+(2+6))+((1+5)+(3+7)).
  @Test func dotHasItsOrder() {
    var a = [Float](repeating: 0, count: 10)
    a[0] = 16_777_216  // 2^24: adding 1 to it is lost
    a[8] = 1
    a[9] = 1
    let ones = [Float](repeating: 1, count: 10)
    let found = a.withUnsafeBufferPointer { a in ones.withUnsafeBufferPointer { b in dot(a, b) } }
    #expect(found == 16_777_216)  // (2^24 + 1) + 1, each rounded to even
    a[8] = 0
    a[1] = 1
    let other = a.withUnsafeBufferPointer { a in ones.withUnsafeBufferPointer { b in dot(a, b) } }
    #expect(other == 16_777_218)  // 2^24 + (1 + 1)
  }

  @Test func normaliseGivesLengthOne() {
    #expect(onBuffer([3, 0, 4]) { normalise($0) } == [0.6, 0, 0.8])
    #expect(onBuffer([0, 0]) { normalise($0) } == [0, 0])
  }

  @Test func softmaxSumsToOne() {
    let found = onBuffer([1000, 999, 0]) { softmax($0) }
    #expect(abs(found[0] - 0.7310586) < 1e-6)
    #expect(abs(found[1] - 0.2689414) < 1e-6)
    #expect(found[2] == 0)
    #expect(onBuffer([7]) { softmax($0) } == [1])
    #expect(onBuffer([]) { softmax($0) } == [])
  }
}
