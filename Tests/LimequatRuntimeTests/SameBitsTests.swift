import CLimequatKernels
import Foundation
import LimequatBytes
import LimequatContainer
import LimequatRuntime
import LimequatTensor
import Testing

/// A vector has the same bits whatever the kernels, the threads and its company in a batch.
@Suite struct SameBitsTests {
  typealias Storage = CheckpointFixture.Storage

  static let fixtures = CheckpointFixture.all.filter {
    ["limoe-small", "limoe-odd", "limoe-pads", "limoe-token-erf", "vmoe-gap"].contains($0.name)
  }

  @Test(arguments: fixtures, Storage.allCases)
  func everyTableAndThreadCount(_ fixture: CheckpointFixture, _ storage: Storage) throws {
    let container = try fixture.open(storage)
    for signature in try fixture.signatures() {
      var first: TestTensor?
      var index = 0
      while let name = lmq_kernels_name(index) {
        index += 1
        for threads in [1, 2, 3] {
          let model = try Model.open(
            container: container, options: ModelOptions(threads: threads, kernels: Name(name)))
          let session = try Session.make(model: model)
          // In later calls kernels may know more of the weights.
          for call in 1...3 {
            let result = try session.run([signature.input], signature: signature.name)[0]
            if first == nil { first = result }
            #expect(result == first, "\(String(cString: name)), \(threads) threads, call \(call)")
          }
        }
      }
      #expect(index >= 1)
    }
  }

  @Test(arguments: fixtures.filter { !$0.name.contains("capacity") }, Storage.allCases)
  func aloneAsInABatch(_ fixture: CheckpointFixture, _ storage: Storage) throws {
    let model = try Model.open(
      container: try fixture.open(storage), options: ModelOptions(threads: 2))
    let session = try Session.make(model: model)
    for signature in try fixture.signatures() {
      let together = try session.run([signature.input], signature: signature.name)[0]
      let items = signature.input.dims[0]
      let (inputSize, outputSize) = (signature.input.data.count / items, together.data.count / items)
      for item in 0..<items {
        var input = signature.input
        input.dims[0] = 1
        input.data = Array(input.data[item * inputSize..<(item + 1) * inputSize])
        let alone = try session.run([input], signature: signature.name)[0]
        #expect(alone.data == Array(together.data[item * outputSize..<(item + 1) * outputSize]))
      }
    }
  }

  /// int8 is near what the reference gave: experts alone, and everything that may be.
  @Test(arguments: fixtures, Storage.allCases)
  func nearTheReference(_ fixture: CheckpointFixture, _ storage: Storage) throws {
    let model = try Model.open(container: try fixture.open(storage))
    let session = try Session.make(model: model)
    for signature in try fixture.signatures() {
      let got = try session.run([signature.input], signature: signature.name)[0].floats
      let want = signature.expected.floats
      let width = signature.expected.dims[1]
      for row in stride(from: 0, to: got.count, by: width) {
        let (a, b) = (got[row..<row + width], want[row..<row + width])
        let product = zip(a, b).reduce(Float(0)) { $0 + $1.0 * $1.1 }
        let lengths = (a.reduce(0) { $0 + $1 * $1 } * b.reduce(0) { $0 + $1 * $1 }).squareRoot()
        #expect(product / lengths > (storage == .asConverted ? 0.999_999 : 0.99))
      }
    }
  }
}
