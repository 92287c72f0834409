// The arithmetic on finished vectors. It is f32 in one order that no machine, compiler or batch changes:
// products and sums are rounded one by one, and no libm takes part.

/// The sum of a[j] * b[j]: lane j % 8 of eight sums takes them in ascending order, then lanes are added as
/// ((0+4) + (2+6)) + ((1+5) + (3+7)). Both have the same count.
func dot(_ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>) -> Float {
  let count = a.count < b.count ? a.count : b.count
  var lanes = SIMD8<Float>(repeating: 0)
  var j = 0
  while j + 8 <= count {
    var x = SIMD8<Float>()
    var y = SIMD8<Float>()
    for lane in 0..<8 {
      x[lane] = a[j + lane]
      y[lane] = b[j + lane]
    }
    lanes = lanes + x * y
    j += 8
  }
  while j < count {
    lanes[j % 8] = lanes[j % 8] + a[j] * b[j]
    j += 1
  }
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]))
}

/// Divides a vector by its length; one of length 0 stays as it is.
func normalise(_ vector: UnsafeMutableBufferPointer<Float>) {
  let length = dot(UnsafeBufferPointer(vector), UnsafeBufferPointer(vector)).squareRoot()
  guard length > 0 else { return }
  for j in 0..<vector.count { vector[j] = vector[j] / length }
}

/// In place, over the whole row: exp(x - max) / sum, the sum in ascending order.
func softmax(_ row: UnsafeMutableBufferPointer<Float>) {
  var highest = -Float.infinity
  for value in row where value > highest { highest = value }
  var sum: Float = 0
  for j in 0..<row.count {
    row[j] = exponential(row[j] - highest)
    sum = sum + row[j]
  }
  for j in 0..<row.count { row[j] = row[j] / sum }
}

/// What the dot product of two unit vectors is multiplied with: e to the logit scale, but never so much that
/// the product is beyond f32.
func similarityMultiplier(_ logitScale: Float) -> Float {
  let most = Float.greatestFiniteMagnitude / 4
  let multiplier = exponential(logitScale)
  return multiplier < most ? multiplier : most
}

/// e to the x, within half an ulp of f32 and the last bit of f64: 2^k * e^r with |r| <= ln 2 / 2, e^r by its
/// series in f64, whose 14 terms leave less than 2^-58.
func exponential(_ x: Float) -> Float {
  guard x < 89 else { return x.isNaN ? x : .infinity }
  guard x > -104 else { return x.isNaN ? x : 0 }
  let wide = Double(x)
  let k = (wide * 1.4426950408889634).rounded(.toNearestOrEven)
  // ln 2 in two parts, the first with 21 zero bits at its end: k times it is exact.
  let r = (wide - k * 0.693147180369123816490) - k * 1.90821492927058770002e-10
  var sum = 1.0
  var n = 14.0
  while n >= 1 {
    sum = 1 + sum * r / n
    n -= 1
  }
  // k is within ±151: the cast cannot fail, and the scaling is exact in f64.
  return Float(sum * Double(sign: .plus, exponent: Int(k), significand: 1))
}
