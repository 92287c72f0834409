internal import CLimequatPlatform
internal import Limequat
internal import LimequatRuntime

/// Times of one signature, and what they took. `--json` has the same fields in snake case.
struct Benchmark: Encodable, CustomStringConvertible {
  let kernels: String
  let signature: String
  let batch: Int
  let threads: Int
  let calls: Int
  let openMs: Double
  let firstMs: Double
  let medianMs: Double
  let p90Ms: Double
  let itemsPerSecond: Double
  let peakRssBytes: Int
  /// Read from the file by calls; a mapped file is read by the system instead, which this does not count.
  let bytesRead: Int
  let arenaBytes: Int
  /// What experts took under a budget: those that were in memory when they were wanted and those that had to
  /// be read, the time that calls stood still for them, and the most bytes that were held.
  let hits: Int
  let misses: Int
  let waitMs: Double
  let peakExpertBytes: Int
  /// Dense weights that were read into memory; those that are used in place are not counted.
  let tensorBytes: Int

  var description: String {
    """
    \(signature), batch \(batch), \(threads) threads, kernels \(kernels)
    open     \(Self.text(openMs)) ms
    first    \(Self.text(firstMs)) ms
    median   \(Self.text(medianMs)) ms of \(calls) calls, 90 % within \(Self.text(p90Ms)) ms
    rate     \(Self.text(itemsPerSecond)) items/s
    memory   peak \(Size.text(peakRssBytes)), arena \(Size.text(arenaBytes)), read \(Size.text(bytesRead))
    experts  \(hits) hits, \(misses) misses, \(Self.text(waitMs)) ms waited, \
    \(Size.text(peakExpertBytes)) held
    """
  }

  private static func text(_ value: Double) -> String {
    let thousandths = Int((value * 1000).rounded())
    let fraction = String(thousandths % 1000)
    return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
  }
}

extension Benchmark {
  /// The fewest calls that have a median worth the name.
  private static let fewestCalls = 3

  static func measure(
    model path: String, signature wanted: String?, batch: Int, seconds: Double, options: RunOptions
  ) throws(Fault) -> Benchmark {
    let start = now()
    let model = try options.open(path)
    let embedder = try Embedder(model)
    let openMs = now() - start
    guard let signature = wanted ?? model.signatures.first?.name else {
      throw .input("\(path): the model has no signature")
    }
    let inputs = try RandomInputs.make(model: path, signature: signature, batch: batch)
    let outputs = model.signatures.first { $0.name == signature }?.outputs.map(\.name) ?? []
    var times: [Double] = []
    let beginning = now()
    while times.count <= fewestCalls || now() - beginning < seconds * 1000 {
      let called = now()
      _ = try embedder.run(signature: signature, inputs: inputs, outputs: outputs)
      times.append(now() - called)
    }
    let first = times.removeFirst()
    times.sort()
    let median = times[times.count / 2]
    let held = try Fault.calling { () throws(LimequatError) in try model.readCounters() }
    let counters = try Fault.calling { () throws(LimequatError) in try embedder.session.readCounters() }
    return Benchmark(
      kernels: model.kernelsName, signature: signature, batch: batch, threads: model.threads,
      calls: times.count, openMs: openMs, firstMs: first, medianMs: median,
      p90Ms: times[min(times.count - 1, times.count * 9 / 10)], itemsPerSecond: Double(batch) / median * 1000,
      peakRssBytes: lmq_peak_memory(), bytesRead: held.experts.bytesRead + held.tensorBytesRead,
      arenaBytes: counters.peakArenaBytes, hits: held.experts.hits, misses: held.experts.misses,
      waitMs: Double(held.experts.waitNanoseconds) / 1e6, peakExpertBytes: held.peakExpertBytes,
      tensorBytes: held.tensorBytes)
  }

  /// In milliseconds.
  private static func now() -> Double { Double(lmq_monotonic_time()) / 1e6 }
}
