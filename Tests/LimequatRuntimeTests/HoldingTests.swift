import Foundation
import LimequatBytes
import LimequatContainer
import LimequatRuntime
import LimequatTestSupport
import Testing

/// However experts are held, results are the same, budgets are kept, and damage is told.
@Suite struct HoldingTests {
  typealias Storage = CheckpointFixture.Storage

  static let fixtures = CheckpointFixture.all.filter {
    ["limoe-small", "limoe-pads", "vmoe-gap"].contains($0.name)
  }

  /// A fixture in a file.
  final class Stored {
    let fixture: CheckpointFixture
    private let folder: TemporaryFolder
    let path: String
    /// Sizes of the blocks of all experts that are there, in bytes.
    let blocks: [Int]

    init(_ fixture: CheckpointFixture, _ storage: Storage) throws {
      self.fixture = fixture
      folder = try TemporaryFolder()
      path = folder.file("model.lmq")
      try fixture.write(storage, to: path)
      let container = try Container.open(path: path)
      blocks = (0..<container.bankCount).flatMap { bank in
        (0..<(container.bank(at: bank)?.expertCount ?? 0)).compactMap { index in
          container.expert(bank: bank, index: index).flatMap { $0.encoding == nil ? nil : $0.size }
        }
      }
    }

    var largest: Int { blocks.max() ?? 0 }
    var total: Int { blocks.reduce(0, +) }

    /// From one expert to all, and in between.
    var budgets: [Int] {
      [largest, 2 * largest, 3 * largest + 100_000, total / 2, total - 1, total].filter { $0 >= largest }
    }

    func model(_ holding: ModelOptions.Holding, threads: Int = 1, verifies: Bool = true) throws -> Model {
      try Model.open(
        path: path, options: ModelOptions(threads: threads, holding: holding, verifiesAtFirstUse: verifies))
    }
  }

  @Test(arguments: fixtures, [Storage.asConverted, .int8Experts, .int8])
  func everyWayGivesTheSameBits(_ fixture: CheckpointFixture, _ storage: Storage) throws {
    let stored = try Stored(fixture, storage)
    let mapped = try Session.make(model: try stored.model(.mapped))
    let signatures = try fixture.signatures()
    let expected = try signatures.map { try mapped.run([$0.input], signature: $0.name) }
    for holding in [.resident] + stored.budgets.map({ ModelOptions.Holding.budgeted($0) }) {
      for threads in [1, 2] {
        let model = try stored.model(holding, threads: threads)
        let session = try Session.make(model: model)
        for _ in 0..<2 {
          for (signature, expected) in zip(signatures, expected) {
            #expect(try session.run([signature.input], signature: signature.name) == expected, "\(holding)")
          }
        }
        if case .budgeted(let budget) = holding {
          #expect(try model.readCounters().peakExpertBytes <= budget)
        }
        #expect(try model.readCounters().peakExpertBytes >= stored.largest)
        #expect(try model.readCounters().tensorBytes > 0)
      }
    }
  }

  /// One session, layers in a circle, now images, now texts, now one item and now several.
  @Test(arguments: fixtures) func aLargerBudgetNeverReadsMore(_ fixture: CheckpointFixture) throws {
    let stored = try Stored(fixture, .asConverted)
    let signatures = try fixture.signatures()
    let budgets = stride(from: stored.largest, through: stored.total + stored.largest, by: stored.largest / 2)
    var last = Int.max
    var first = 0
    for budget in budgets {
      let session = try Session.make(model: try stored.model(.budgeted(budget)))
      var random = TestNumbers(seed: 7)
      for _ in 0..<25 {
        let pick = Int(abs(random.next()) * 1000)
        let signature = signatures[pick % signatures.count]
        var input = signature.input
        let items = input.dims[0]
        let size = input.data.count / items
        let start = pick % items
        let count = 1 + pick % (items - start)
        input.dims[0] = count
        input.data = Array(input.data[start * size..<(start + count) * size])
        _ = try session.run([input], signature: signature.name)
      }
      let counters = session.counters.experts
      #expect(counters.bytesRead <= last, "\(budget)")
      #expect(counters.hits + counters.misses > 0)
      if budget >= stored.total { #expect(counters.bytesRead <= stored.total) }
      if last == Int.max { first = counters.bytesRead }
      last = counters.bytesRead
    }
    #expect(last < first)
  }

  @Test func aBudgetBelowTheLargestExpertIsRefused() throws {
    let stored = try Stored(Self.fixtures[0], .asConverted)
    for budget in [1, stored.largest - 1] {
      let error = #expect(throws: RuntimeError.self) { try stored.model(.budgeted(budget)) }
      #expect(error?.description.contains("\(stored.largest) bytes") == true)
    }
    _ = try stored.model(.budgeted(stored.largest))
  }

  /// A bit in any part of a block: panels, what lies behind them, and the last byte.
  @Test(
    arguments: [ModelOptions.Holding.mapped, .resident, .budgeted(1 << 20)],
    [Storage.asConverted, .int8Experts])
  func aDamagedExpertFailsTheCallsThatNeedIt(
    _ holding: ModelOptions.Holding, _ storage: Storage
  ) throws {
    let stored = try Stored(Self.fixtures[0], storage)
    let signatures = try stored.fixture.signatures()
    let expected = try signatures.map {
      try Session.make(model: try stored.model(.mapped)).run([$0.input], signature: $0.name)
    }
    let container = try Container.open(path: stored.path)
    let bank = container.bankCount - 1
    var (failed, succeeded) = (0, 0)
    for expert in 0..<(container.bank(at: bank)?.expertCount ?? 0) {
      let entry = try #require(container.expert(bank: bank, index: expert))
      let places = try damagedPlaces(container, bank, entry)
      var failures = Set<Int>()
      for (number, place) in places.enumerated() {
        try flip(stored.path, at: entry.offset + place)
        let session = try Session.make(model: try stored.model(holding, threads: 1 + number % 2))
        var count = 0
        for (signature, expected) in zip(signatures, expected) {
          do {
            #expect(try session.run([signature.input], signature: signature.name) == expected)
            succeeded += 1
          } catch {
            let text = "\(error)"
            #expect(text.contains(container.bank(at: bank)?.name.text ?? "?"))
            #expect(text.contains("expert \(expert) "))
            #expect(text.contains("\(entry.offset)"))
            // It stays failed.
            #expect(throws: RuntimeError.self) {
              try session.run([signature.input], signature: signature.name)
            }
            count += 1
          }
        }
        failures.insert(count)
        failed += count
        let blind = try Session.make(model: try stored.model(holding, verifies: false))
        for signature in signatures { _ = try blind.run([signature.input], signature: signature.name) }
        try flip(stored.path, at: entry.offset + place)
      }
      #expect(failures.count == 1, "the same calls fail, whatever part is damaged")
    }
    #expect(failed > 0)
  }

  /// Offsets in a block: of each matrix the first and the last byte of its panels, scales, row sums and bias.
  private func damagedPlaces(_ container: Container, _ bank: Int, _ entry: ExpertEntry) throws -> [Int] {
    let bank = try #require(container.bank(at: bank))
    let encoding = try #require(entry.encoding)
    let block = try #require(
      ExpertBlock(
        inputSize: bank.inputSize, hiddenSize: bank.hiddenSize, outputSize: bank.outputSize,
        isGated: bank.isGated, encoding: encoding))
    #expect(block.size == entry.size)
    let starts = [block.first, block.gate, block.second].compactMap { $0 }.flatMap {
      [$0.panels.lowerBound, $0.scales, $0.rowSums, $0.bias].compactMap { $0 }
    }
    return starts + starts.dropFirst().map { $0 - 1 } + [entry.size - 1]
  }

  @Test(arguments: [ModelOptions.Holding.mapped, .resident, .budgeted(1 << 20)])
  func aDamagedTensorFailsTheCallsThatNeedIt(_ holding: ModelOptions.Holding) throws {
    let stored = try Stored(Self.fixtures[0], .int8)
    let container = try Container.open(path: stored.path)
    var failures = 0
    for index in 0..<container.tensorCount {
      let tensor = try #require(container.tensor(at: index))
      var counts = Set<Int>()
      for place in [0, tensor.size / 2, tensor.size - 1] {
        try flip(stored.path, at: tensor.offset + place)
        let session = try Session.make(model: try stored.model(holding, threads: 1 + place % 2))
        var count = 0
        for signature in try stored.fixture.signatures() {
          do {
            _ = try session.run([signature.input], signature: signature.name)
          } catch {
            #expect("\(error)".contains(tensor.name.text))
            // It stays failed.
            #expect(throws: RuntimeError.self) {
              try session.run([signature.input], signature: signature.name)
            }
            count += 1
          }
        }
        counts.insert(count)
        try flip(stored.path, at: tensor.offset + place)
      }
      #expect(counts.count == 1, "\(tensor.name.text)")
      failures += counts.first ?? 0
    }
    #expect(failures > container.tensorCount / 2)
  }

  @Test(arguments: [ModelOptions.Holding.resident, .budgeted(1 << 20)])
  func aFileThatBecomesShorterIsAnError(_ holding: ModelOptions.Holding) throws {
    let stored = try Stored(Self.fixtures[0], .asConverted)
    let model = try stored.model(holding)
    let signature = try stored.fixture.signatures()[0]
    let size = model.container.fileSize
    let whole = try #require(FileManager.default.contents(atPath: stored.path))
    truncate(stored.path, off_t(size / 2))
    let session = try Session.make(model: model)
    #expect(throws: RuntimeError.self) { try session.run([signature.input], signature: signature.name) }
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: stored.path))
    try file.write(contentsOf: whole)
    // Nothing is damaged: what could not be read is read again.
    _ = try session.run([signature.input], signature: signature.name)
  }

  /// Without gaps, so that large pages hold nothing that was not read.
  @Test func tensorsLieInTheOrderInWhichTheyAreRead() throws {
    let stored = try Stored(Self.fixtures[0], .int8)
    let model = try stored.model(.resident)
    var expected: UnsafeRawPointer?
    for index in (0..<model.container.tensorCount).reversed() {
      let bytes = try model.load(tensor: index)
      let start = try #require(bytes.baseAddress)
      #expect(start == expected ?? start)
      #expect(try model.load(tensor: index).baseAddress == start)
      expected = start + (bytes.count + 63) / 64 * 64
    }
  }

  /// Also with room for a single expert, where sessions wait for each other.
  @Test(arguments: [1, 2, 3, 100]) func sessionsShareABudget(_ experts: Int) async throws {
    let stored = try Stored(Self.fixtures[0], .asConverted)
    let signatures = try stored.fixture.signatures()
    let mapped = try Session.make(model: try stored.model(.mapped))
    let expected = try signatures.map { try mapped.run([$0.input], signature: $0.name) }
    let model = try stored.model(.budgeted(min(experts * stored.largest, stored.total)), threads: 2)
    await withTaskGroup(of: Void.self) { group in
      for worker in 0..<4 {
        group.addTask {
          do {
            let session = try Session.make(model: model)
            for turn in 0..<12 {
              let index = (worker + turn) % signatures.count
              let signature = signatures[index]
              #expect(try session.run([signature.input], signature: signature.name) == expected[index])
              if turn % 5 == worker { try session.trim() }
            }
          } catch { Issue.record(error) }
        }
      }
    }
    #expect(try model.readCounters().peakExpertBytes <= min(experts * stored.largest, stored.total))
    try Session.make(model: model).trim()
    #expect(try model.readCounters().expertBytes == 0)
  }

  /// All meet weights that nobody has checked.
  @Test(arguments: [Storage.asConverted, .int8]) func sessionsCheckAtOnce(_ storage: Storage) async throws {
    let stored = try Stored(Self.fixtures[0], storage)
    let signatures = try stored.fixture.signatures()
    let mapped = try Session.make(model: try stored.model(.mapped))
    let expected = try signatures.map { try mapped.run([$0.input], signature: $0.name) }
    for _ in 0..<5 {
      let model = try stored.model(.mapped, threads: 2)
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<4 {
          group.addTask {
            do {
              let session = try Session.make(model: model)
              for (signature, expected) in zip(signatures, expected) {
                #expect(try session.run([signature.input], signature: signature.name) == expected)
              }
            } catch { Issue.record(error) }
          }
        }
      }
    }
  }

  private func flip(_ path: String, at offset: Int) throws {
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    try file.seek(toOffset: UInt64(offset))
    let byte = try #require(try file.read(upToCount: 1)?.first)
    try file.seek(toOffset: UInt64(offset))
    try file.write(contentsOf: [byte ^ 0x10])
  }
}
