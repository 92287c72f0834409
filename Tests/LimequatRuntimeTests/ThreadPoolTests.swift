import Foundation
import Synchronization
import Testing

@testable import LimequatRuntime

/// What is shared among threads is done once, by one thread at a time with the same number, before the caller
/// goes on.
@Suite struct ThreadPoolTests {
  /// How often each index was done, and whether each worker was one thread at a time.
  private final class Record: Sendable {
    let times: [Counter]
    let busy: [Counter]
    let isSound = Atomic<Bool>(true)
    final class Counter: Sendable { let value = Atomic<Int>(0) }

    init(count: Int, threads: Int) {
      times = (0..<count).map { _ in Counter() }
      busy = (0..<threads).map { _ in Counter() }
    }

    func during(_ index: Int, _ worker: Int, _ body: () -> Void) {
      guard busy.indices.contains(worker), times.indices.contains(index) else {
        return isSound.store(false, ordering: .relaxed)
      }
      let others = busy[worker].value.add(1, ordering: .acquiring).oldValue
      if others != 0 { isSound.store(false, ordering: .relaxed) }
      body()
      times[index].value.add(1, ordering: .relaxed)
      busy[worker].value.subtract(1, ordering: .releasing)
    }

    /// When all is done.
    var isOnceEach: Bool {
      isSound.load(ordering: .relaxed) && times.allSatisfy { $0.value.load(ordering: .relaxed) == 1 }
    }
  }

  private func pool(_ threads: Int) throws -> ThreadPool {
    let pool = try ThreadPool.make(threads: threads, logger: nil)
    try pool.start()
    return pool
  }

  @Test(arguments: [1, 2, 3, 8])
  func eachIndexOnce(threads: Int) throws {
    let pool = try pool(threads)
    for round in 0..<300 {
      for count in [0, 1, 2, threads - 1, threads + 1, 97] {
        let record = Record(count: count, threads: threads)
        pool.run(count) { index, worker in record.during(index, worker) {} }
        #expect(record.isOnceEach, "round \(round), count \(count)")
      }
    }
  }

  /// Pieces of work at distances that let threads fall asleep, or almost.
  @Test(arguments: [2, 4])
  func sleepersWake(threads: Int) throws {
    let pool = try pool(threads)
    for round in 0..<200 {
      let record = Record(count: 5, threads: threads)
      pool.run(5) { index, worker in record.during(index, worker) { usleep(UInt32(round % 3 * 20)) } }
      #expect(record.isOnceEach, "round \(round)")
      usleep(UInt32(round % 20 * 40))
    }
  }

  /// Of two bodies each waits for the other one, so that both threads have to come.
  @Test(arguments: [0, 30, 300, 5000])
  func othersCome(pause: UInt32) throws {
    let pool = try pool(2)
    for _ in 0..<50 {
      usleep(pause)
      let begun = Atomic<Int>(0)
      let hasMet = Atomic<Int>(0)
      pool.run(2) { _, _ in
        begun.add(1, ordering: .relaxed)
        let end = ContinuousClock.now + .seconds(20)
        while begun.load(ordering: .relaxed) < 2, ContinuousClock.now < end { usleep(10) }
        if begun.load(ordering: .relaxed) == 2 { hasMet.add(1, ordering: .relaxed) }
      }
      #expect(hasMet.load(ordering: .relaxed) == 2)
    }
  }

  /// Each thread begins where its part does: no index is done before both have come.
  @Test func eachBeginsWithItsPart() throws {
    let pool = try pool(2)
    for _ in 0..<50 {
      let begun = Atomic<Int>(0)
      let firsts = Record(count: 10, threads: 2)
      pool.run(10) { index, worker in
        let order = begun.add(1, ordering: .relaxed).oldValue
        let end = ContinuousClock.now + .seconds(20)
        while begun.load(ordering: .relaxed) < 2, ContinuousClock.now < end { usleep(10) }
        if order < 2 { firsts.during(index, worker) {} }
      }
      let times = firsts.times.map { $0.value.load(ordering: .relaxed) }
      #expect(times == [1, 0, 0, 0, 0, 1, 0, 0, 0, 0])
    }
  }

  /// Parts of threads that never come are done by the caller.
  @Test func aPoolThatIsNotStartedWorksAlone() throws {
    let pool = try ThreadPool.make(threads: 5, logger: nil)
    for count in [2, 4, 5, 97] {
      let record = Record(count: count, threads: 1)
      pool.run(count) { index, worker in record.during(index, worker) {} }
      #expect(record.isOnceEach)
    }
  }

  /// Whoever is done first takes what others have not begun: one thread holds the first index until all the
  /// others are done.
  @Test func theQuickTakeThePartsOfTheSlow() throws {
    let pool = try pool(2)
    let others = Atomic<Int>(0)
    let seen = Atomic<Int>(0)
    pool.run(10) { index, _ in
      guard index == 0 else {
        others.add(1, ordering: .relaxed)
        return
      }
      let end = ContinuousClock.now + .seconds(20)
      while others.load(ordering: .relaxed) < 9, ContinuousClock.now < end { usleep(10) }
      seen.store(others.load(ordering: .relaxed), ordering: .relaxed)
    }
    #expect(seen.load(ordering: .relaxed) == 9)
  }

  /// The caller waits for the slowest.
  @Test func theCallerWaits() throws {
    let pool = try pool(2)
    for slow in [0, 5, 9] {
      let record = Record(count: 10, threads: 2)
      pool.run(10) { index, worker in
        record.during(index, worker) { if index == slow { usleep(20_000) } }
      }
      #expect(record.isOnceEach)
    }
  }

  /// The bodies of several callers, of which one has the threads at a time.
  @Test func callersShareThePool() throws {
    let pool = try pool(3)
    DispatchQueue.concurrentPerform(iterations: 6) { _ in
      for _ in 0..<200 {
        let record = Record(count: 12, threads: 3)
        pool.run(12) { index, worker in record.during(index, worker) {} }
        #expect(record.isOnceEach)
      }
    }
  }

  @Test func threadsEndWithThePool() throws {
    for round in 0..<100 {
      let pool = try pool(4)
      let record = Record(count: 4, threads: 4)
      if round % 2 == 0 { pool.run(4) { index, worker in record.during(index, worker) {} } }
      #expect(round % 2 == 1 || record.isOnceEach)
    }
  }
}
