import Foundation
import LimequatContainer
import LimequatTestSupport
import Synchronization
import Testing

@testable import Limequat

/// What a host hears during calls, and what a session tells between them.
struct StateTests {
  private static let texts = ["one", "two", "three", "four", "five"]

  @Test func progressGrowsToItsTotal() throws {
    let heard = Mutex<[(done: Int, total: Int)]>([])
    let session = try TestModels.digits.get().session(
      .init(),
      .init(
        textsAtOnce: 2,
        progress: { done, total in
          heard.withLock { $0.append((done, total)) }
          return true
        }))
    let vectors = try session.embed(texts: StateTests.texts)
    #expect(try TestModels.digits.get().session().embed(texts: StateTests.texts) == vectors)
    let numbers = heard.withLock { $0 }
    #expect(numbers.allSatisfy { $0.total == 5000 })
    #expect(numbers.map(\.done) == numbers.map(\.done).sorted())
    #expect(numbers.first?.done == 0 && numbers.last?.done == 5000)
    #expect(numbers.contains { $0.done > 2000 && $0.done < 4000 })
  }

  @Test func progressEndsACall() throws {
    let mayGoOn = Mutex(false)
    let session = try TestModels.digits.get().session(
      .init(), .init(progress: { done, total in done < total / 2 || mayGoOn.withLock { $0 } }))
    let error = #expect(throws: LimequatError.self) { try session.embed(texts: StateTests.texts) }
    #expect(error?.code == .cancelled)
    mayGoOn.withLock { $0 = true }
    #expect(try session.embed(texts: StateTests.texts).count == 5)
  }

  @Test func loggersHearWhatIsChosen() throws {
    let heard = Mutex<[(level: LogLevel, message: String)]>([])
    let model = try TestModels.digits.get().session(
      .init(threads: 1000, logger: { level, message in heard.withLock { $0.append((level, message)) } })
    ).model
    let messages = heard.withLock { $0 }
    #expect(messages.map(\.level) == [.warning, .information])
    #expect(messages[0].message.contains("1000") && messages[1].message.contains(model.kernelsName))
  }

  /// What is read again after a check of the whole file is checked again, and damage is told to the logger,
  /// too.
  @Test func damageAfterTheCheckOfTheWholeFile() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("model.lmq")
    var content = try bytes(ofFile: TestModels.digits.get().path)
    try folder.write("model.lmq", content)
    let heard = Mutex<[String]>([])
    let model = try Model.open(
      path: path,
      options: .init(
        memoryBudget: 1 << 20, verification: .whileOpening,
        logger: { level, message in if level == .error { heard.withLock { $0.append(message) } } }))
    let container = try Container.open(path: path)
    for bank in 0..<container.bankCount {
      for expert in 0..<(container.bank(at: bank)?.expertCount ?? 0) {
        content[try #require(container.expert(bank: bank, index: expert)).offset] ^= 1
      }
    }
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try file.write(contentsOf: Data(content))
    let error = #expect(throws: LimequatError.self) { try model.makeSession().embed(texts: ["one"]) }
    #expect(error?.code == .checksum)
    #expect(heard.withLock { $0 } == [error?.message])
  }

  @Test func countersAndTrim() throws {
    let session = try TestModels.digits.get().session(.init(), .init(textsAtOnce: 2))
    let fresh = try session.readCounters()
    #expect(fresh.runs == 0 && fresh.routedTokens == 0 && fresh.plansHeld == 0 && fresh.peakArenaBytes == 0)
    let vectors = try session.embed(texts: StateTests.texts)
    let counters = try session.readCounters()
    #expect(counters.runs == 3 && counters.plansMade == 2 && counters.plansHeld == 2)
    #expect(counters.arenaBytes > 0 && counters.peakArenaBytes == counters.arenaBytes)
    try session.trim()
    let trimmed = try session.readCounters()
    #expect(trimmed.plansHeld == 0 && trimmed.arenaBytes == 0)
    #expect(trimmed.peakArenaBytes == counters.peakArenaBytes)
    #expect(try session.embed(texts: StateTests.texts) == vectors)
    #expect(try session.model.readCounters().experts.misses == 0)
  }

  @Test func routingOfTheLastRun() throws {
    let silent = try TestModels.digits.get().session()
    _ = try silent.embed(texts: StateTests.texts)
    #expect(try silent.readRouting().isEmpty)
    let session = try TestModels.digits.get().session(.init(), .init(textsAtOnce: 2, tracesRouting: true))
    _ = try session.embed(texts: StateTests.texts)
    let layers = try session.readRouting()
    #expect(!layers.isEmpty)
    for layer in layers {
      #expect(layer.tokenCount == 16 && layer.tokensPerItem == 16)  // the fifth text is alone in its piece
      #expect(layer.experts.count == 16 * layer.expertsPerToken)
      #expect(layer.experts.allSatisfy { $0 >= 0 && $0 < layer.expertCount })
      #expect(layer.gates.allSatisfy { $0 > 0 && $0 <= 1 } && layer.isKept.allSatisfy { $0 })
    }
    #expect(Set(layers.map(\.bank)).count == layers.count)
  }
}
