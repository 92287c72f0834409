import LimequatTensor
import Testing

/// Matters in release builds, where Swift 6.3.1 got an initialiser wrong that appended to self.
@Test(arguments: [[], [7], [3, 4], Array(1...8)]) func shapeHoldsItsDims(_ dims: [Int]) throws {
  let shape = try #require(Shape(dims))
  #expect(shape.rank == dims.count)
  #expect((0..<dims.count).map { shape[$0] } == dims)
}

@Test(arguments: [Array(1...9), [2, -1]]) func shapeRefuses(_ dims: [Int]) {
  #expect(Shape(dims) == nil)
}
