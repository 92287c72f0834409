internal import CLimequatKernels
internal import LimequatGraph
internal import LimequatTensor

/// Operators that move elements and compute nothing.
extension Engine {
  /// y = x along `nest` (tensors y, x), for elements of `size` bytes.
  func copy(_ nest: LoopNest, _ y: UnsafeMutableRawPointer, _ x: UnsafeRawPointer, size: Int) {
    switch size {
    case 1: copy(nest, y.assumingMemoryBound(to: UInt8.self), x.assumingMemoryBound(to: UInt8.self))
    case 4: copy(nest, y.assumingMemoryBound(to: UInt32.self), x.assumingMemoryBound(to: UInt32.self))
    default: copy(nest, y.assumingMemoryBound(to: UInt64.self), x.assumingMemoryBound(to: UInt64.self))
    }
  }

  private func copy<Element>(
    _ nest: LoopNest, _ y: UnsafeMutablePointer<Element>, _ x: UnsafePointer<Element>
  ) {
    let (count, stride) = nest.inner
    let middle = nest.middle
    let isContiguous = stride[0] == 1 && stride[1] == 1
    forRows(nest.outer(levels: 2), width: middle.count * count) { runs, _ in
      nest.forEach(runs, levels: 2) { at in
        var (y, x) = (y + at[0], x + at[1])
        for _ in 0..<middle.count {
          if isContiguous {
            // `update(from:)` goes element by element in Embedded Swift.
            UnsafeMutableRawPointer(y).copyMemory(from: x, byteCount: count * MemoryLayout<Element>.stride)
          } else {
            for index in 0..<count { y[index * stride[0]] = x[index * stride[1]] }
          }
          y += middle.stride[0]
          x += middle.stride[1]
        }
      }
    }
  }

  /// Rows of a table, for indices that are inside it. `rows`: (outer, height, width) of `type`, y: (outer,
  /// indices, width). An int8 table has one outer row and is followed by a scale for each of its rows.
  func gather(
    _ table: UnsafeRawPointer, type: ElementType, outer: Int, height: Int, width: Int, count: Int,
    _ y: UnsafeMutableRawPointer, size: Int, index: (Int) -> Int
  ) {
    // Of int8 tables: formats/container.md, "Sizes". The product is the size of something in memory.
    let scales = (height * width + 63) / 64 * 64
    withoutActuallyEscaping(index) { index in
      forRows(outer * count, width: width) { rows, _ in
        for row in rows {
          let source = (row / count * height + index(row % count)) * width
          let target = y + row * width * size
          switch type {
          case .f16, .bf16:
            self.table.widen(
              table + source * 2, type.rawValue, target.assumingMemoryBound(to: Float.self), width)
          case .int8:
            let codes = (table + source).assumingMemoryBound(to: Int8.self)
            let scale = (table + scales).load(fromByteOffset: source / width * 4, as: Float.self)
            let floats = target.assumingMemoryBound(to: Float.self)
            for column in 0..<width { floats[column] = Float(codes[column]) * scale }
          default: target.copyMemory(from: table + source * size, byteCount: width * size)
          }
        }
      }
    }
  }
}

extension LoopNest {
  /// Dim i of the output is dim `permutation[i]` of `input`. `rows`: the width of the output's rows where
  /// these are kept apart (``PaddedRows``), the product of some last dims; else 0.
  static func transpose(_ input: Shape, _ permutation: IntegerList, rows: Int) -> LoopNest {
    let source = contiguous(input)
    var output = Shape()
    for axis in 0..<input.rank { output.append(input[permutation[axis]]) }
    var target = contiguous(output)
    if rows > 0 {
      for axis in 0..<output.rank where target[axis] % rows == 0 {
        target[axis] = target[axis] / rows * PaddedRows.stride(rows)
      }
    }
    var nest = LoopNest()
    for axis in 0..<output.rank {
      nest.append(output[axis], Offsets(target[axis], source[permutation[axis]], 0, 0))
    }
    return nest
  }

  /// Every element of a part of shape `dims`, in tensors with these strides.
  static func part(_ dims: Shape, _ target: InlineArray<8, Int>, _ source: InlineArray<8, Int>) -> LoopNest {
    var nest = LoopNest()
    for axis in 0..<dims.rank { nest.append(dims[axis], Offsets(target[axis], source[axis], 0, 0)) }
    return nest
  }
}
