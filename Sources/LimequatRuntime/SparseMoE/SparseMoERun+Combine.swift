internal import CLimequatKernels
internal import LimequatGraph

/// What becomes of the experts' answers: y[s] = residual[s] + (0 + gate * answer + ...), choices in rank
/// order.
extension SparseMoERun {
  func roundOutputs(_ wave: Range<Int>) {
    let start = output(wave.lowerBound, wave)
    engine.forRows(wave.count * room.shape.outputSize, width: 1) { range, _ in
      engine.table.round_bf16(start + range.lowerBound, start + range.lowerBound, range.count)
    }
  }

  /// With one choice a token, a wave's rows are whole sums.
  func combine(_ wave: Range<Int>, _ residual: UnsafePointer<Float>?, _ y: UnsafeMutablePointer<Float>) {
    let tokenOfRow = part(room.tokenOfRow, UInt32.self)
    engine.forRows(wave.count, width: room.shape.outputSize) { rows, worker in
      for index in rows {
        let row = wave.lowerBound + index
        let token = Int(tokenOfRow[row])
        write(token, residual, y, worker) { sum in
          engine.table.accumulate(sum, output(row, wave), results.gates[token], room.shape.outputSize)
        }
      }
    }
  }

  /// With one choice a token: tokens whose choice was dropped.
  func clearDropped(_ residual: UnsafePointer<Float>?, _ y: UnsafeMutablePointer<Float>) {
    guard room.shape.grouping.capacity != nil else { return }
    for token in 0..<room.shape.tokens where results.kept[token] == 0 {
      write(token, residual, y, 0) { _ in }
    }
  }

  /// With several choices: once all experts were visited.
  func combine(_ residual: UnsafePointer<Float>?, _ y: UnsafeMutablePointer<Float>) {
    let (k, width) = (room.shape.attributes.k, room.shape.outputSize)
    let rowOfChoice = part(room.rowOfChoice, UInt32.self)
    engine.forRows(room.shape.tokens, width: k * width) { tokens, worker in
      for token in tokens {
        write(token, residual, y, worker) { sum in
          for choice in token * k..<(token + 1) * k where rowOfChoice[choice] != SparseMoERun.dropped {
            let row = Int(rowOfChoice[choice])
            engine.table.accumulate(sum, output(row, 0..<0), results.gates[choice], width)
          }
        }
      }
    }
  }

  /// One row of y: `body` adds to a row of zeros.
  private func write(
    _ token: Int, _ residual: UnsafePointer<Float>?, _ y: UnsafeMutablePointer<Float>, _ worker: Int,
    _ body: (UnsafeMutablePointer<Float>) -> Void
  ) {
    let width = room.shape.outputSize
    let target = y + token * width
    guard let residual else {
      target.update(repeating: 0, count: width)
      return body(target)
    }
    let sum = part(room.rows, Float.self) + worker * ((width + 15) / 16 * 16)
    sum.update(repeating: 0, count: width)
    body(sum)
    engine.table.binary(residual + token * width, sum, target, width, LMQ_ADD, false)
  }
}
