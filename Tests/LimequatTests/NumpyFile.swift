import Foundation
import LimequatTestSupport
import Testing

/// A .npy file of version 1 or 2, little-endian, in C order.
struct NumpyFile {
  let shape: [Int]
  private let data: Data
  private let type: String

  init(_ path: String) throws {
    let file = try Data(contentsOf: URL(fileURLWithPath: path))
    try #require(file.count > 12 && file[0] == 0x93)
    let start = file[6] == 1 ? 10 : 12
    let length = Int(file[8]) | Int(file[9]) << 8
    let header = String(decoding: file[start..<start + length], as: UTF8.self)
    let descr = try #require(header.firstMatch(of: #/'descr': '(<[fi]\d)'/#))
    let dims = try #require(header.firstMatch(of: #/'shape': \(([^)]*)\)/#))
    try #require(header.contains("'fortran_order': False"))
    type = String(descr.1)
    shape = dims.1.split(separator: ",").compactMap { Int($0.trimmingCharacters(in: .whitespaces)) }
    data = file[(start + length)...]
  }

  func floats() throws -> [Float] {
    try #require(type == "<f4")
    return data.withUnsafeBytes { bytes in
      (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
    }
  }

  func integers() throws -> [Int32] {
    try #require(type == "<i4")
    return data.withUnsafeBytes { bytes in
      (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self) }
    }
  }

  /// The largest difference to rows of floats.
  func distance(to rows: [[Float]]) throws -> Float {
    let expected = try floats()
    let found = rows.flatMap { $0 }
    try #require(found.count == expected.count)
    return zip(found, expected).map { abs($0 - $1) }.max() ?? 0
  }
}
