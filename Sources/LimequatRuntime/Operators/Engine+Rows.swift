internal import CLimequatKernels
internal import LimequatTensor

/// What LayerNormalization does to rows of `width`.
struct LayerNorm {
  let width: Int
  let scale: UnsafePointer<Float>
  let bias: UnsafePointer<Float>?
  let epsilon: Float
}

/// Operators that look at whole rows: normalisation, softmax, sums.
extension Engine {
  /// y may be x if its rows are no further apart.
  func layerNorm(
    _ norm: LayerNorm, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, yStride: Int, rows: Int
  ) {
    forRows(rows, width: norm.width) { part, _ in
      layerNormHere(norm, x, y + part.lowerBound * yStride, yStride, part)
    }
  }

  func layerNorm(_ norm: LayerNorm, _ x: UnsafePointer<Float>, into rows: CodedRows) {
    makeCodes(rows) { part, y in layerNormHere(norm, x, y.start, y.stride, part) }
  }

  /// Some rows of x.
  private func layerNormHere(
    _ norm: LayerNorm, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ yStride: Int,
    _ rows: Range<Int>
  ) {
    let width = norm.width
    table.layer_norm(
      x + rows.lowerBound * width, width, y, yStride, rows.count, width, norm.scale, norm.bias, norm.epsilon)
  }

  /// y = x / sqrt(mean(x * x) + epsilon) * scale over rows of `width`; y is not x.
  func rmsNorm(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, rows: Int, width: Int,
    scale: UnsafePointer<Float>, epsilon: Float
  ) {
    forRows(rows, width: width) { part, _ in
      for row in part {
        let (x, y) = (x + row * width, y + row * width)
        table.binary(x, x, y, width, LMQ_MULTIPLY, false)
        var root = (table.sum(y, width) / Float(width) + epsilon).squareRoot()
        table.binary(x, &root, y, width, LMQ_DIVIDE, true)
        table.binary(y, scale, y, width, LMQ_MULTIPLY, false)
      }
    }
  }

  /// In place, over rows of `width`.
  func softmax(_ x: UnsafeMutablePointer<Float>, rows: Int, width: Int) {
    forRows(rows, width: width * 4) { part, _ in
      table.softmax(x + part.lowerBound * width, width, part.count, width, nil)
    }
  }

  /// y = x / (sqrt(sum x * x) + epsilon) over rows of `width`; y may be x.
  func normalize(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, rows: Int, width: Int, epsilon: Float
  ) {
    forRows(rows, width: width) { part, _ in
      for row in part {
        var norm = table.norm_l2(x + row * width, width) + epsilon
        table.binary(x + row * width, &norm, y + row * width, width, LMQ_DIVIDE, true)
      }
    }
  }

  enum Reduction { case sum, mean, l2 }

  /// x (outer, length, inner) to y (outer, inner). Along the last axis in the order of row sums, along others
  /// in ascending order.
  func reduce(
    _ reduction: Reduction, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, outer: Int,
    length: Int,
    inner: Int
  ) {
    guard inner != 1 else {
      return forRows(outer, width: length) { part, _ in
        for row in part {
          switch reduction {
          case .sum: y[row] = table.sum(x + row * length, length)
          case .mean: y[row] = table.sum(x + row * length, length) / Float(length)
          case .l2: y[row] = table.norm_l2(x + row * length, length)
          }
        }
      }
    }
    forRows(outer, width: length * inner) { part, _ in
      for row in part {
        let y = y + row * inner
        y.update(repeating: 0, count: inner)
        for index in 0..<length {
          let x = x + (row * length + index) * inner
          if reduction == .l2 {
            for column in 0..<inner { y[column] += x[column] * x[column] }
          } else {
            table.binary(y, x, y, inner, LMQ_ADD, false)
          }
        }
        if reduction == .mean {
          var divisor = Float(length)
          table.binary(y, &divisor, y, inner, LMQ_DIVIDE, true)
        }
        if reduction == .l2 { for column in 0..<inner { y[column] = y[column].squareRoot() } }
      }
    }
  }
}
