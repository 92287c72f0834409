internal import Foundation
internal import LimequatBytes
internal import Limequat
internal import LimequatRuntime

/// Who was routed where: choices counted for each MoE layer and modality.
///
/// Source of the measures: the LIMoE article, section 4 ("routing"); `success` is its success rate.
struct RoutingReport: Encodable {
  /// One modality in one layer.
  struct Part: Encodable {
    let modality: String
    var tokens = 0
    /// Token choices that found room in their expert, of tokens times k.
    var kept = 0
    var choices = 0
    /// Kept choices of each expert.
    var counts: [Int]
    /// `counts` as shares of `kept`.
    var shares: [Double] { counts.map { kept > 0 ? Double($0) / Double(kept) : 0 } }
    /// Of the shares, in nats.
    var entropy: Double { shares.reduce(0) { $1 > 0 ? $0 - $1 * log($1) : $0 } }
    /// How many experts would give this entropy if they were used alike.
    var effectiveExperts: Double { exp(entropy) }
    /// The part of the choices that was kept under the capacity.
    var success: Double { choices > 0 ? Double(kept) / Double(choices) : 1 }

    enum Key: CodingKey { case modality, tokens, success, entropy, effectiveExperts, shares }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(modality, forKey: .modality)
      try container.encode(tokens, forKey: .tokens)
      try container.encode(success, forKey: .success)
      try container.encode(entropy, forKey: .entropy)
      try container.encode(effectiveExperts, forKey: .effectiveExperts)
      try container.encode(shares, forKey: .shares)
    }
  }

  struct Layer: Encodable {
    let bank: String
    let experts: Int
    let k: Int
    /// Slots of an expert in a group of the last call; nil: nothing could drop.
    var capacity: Int?
    var parts: [Part] = []
    /// For each expert the share of its most frequent modality, weighing modalities alike: 1 / modalities for
    /// an expert that all use alike, 1 for one that a single modality uses. Nil: unused.
    var purity: [Double?] {
      (0..<experts).map { expert in
        let shares = parts.map { $0.shares[expert] }
        let sum = shares.reduce(0, +)
        return sum > 0 ? (shares.max() ?? 0) / sum : nil
      }
    }

    enum Key: CodingKey { case bank, experts, k, capacity, parts, purity }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(bank, forKey: .bank)
      try container.encode(experts, forKey: .experts)
      try container.encode(k, forKey: .k)
      try container.encode(capacity, forKey: .capacity)
      try container.encode(parts, forKey: .parts)
      try container.encode(purity, forKey: .purity)
    }
  }

  /// What it took to have the experts in memory.
  struct Reading: Encodable {
    let hits: Int
    let misses: Int
    let bytesRead: Int
    let waitMs: Double
    let peakExpertBytes: Int

    init(_ counters: Limequat.Model.Counters) {
      hits = counters.experts.hits
      misses = counters.experts.misses
      bytesRead = counters.experts.bytesRead
      waitMs = Double(counters.experts.waitNanoseconds) / 1e6
      peakExpertBytes = counters.peakExpertBytes
    }
  }

  private(set) var layers: [Layer] = []
  /// Nil for a mapped file, which the system reads.
  var reading: Reading?

  /// Adds what one call did.
  mutating func add(_ trace: RoutingTrace, modality: String) {
    for index in 0..<trace.layerCount {
      guard let layer = trace.layer(at: index) else { continue }
      let bank = layer.bank.text
      let place = layers.firstIndex { $0.bank == bank } ?? layers.count
      if place == layers.count {
        layers.append(Layer(bank: bank, experts: layer.expertCount, k: layer.k))
      }
      layers[place].capacity = layer.capacity
      let part = layers[place].parts.firstIndex { $0.modality == modality } ?? layers[place].parts.count
      if part == layers[place].parts.count {
        let none = [Int](repeating: 0, count: layer.expertCount)
        layers[place].parts.append(Part(modality: modality, counts: none))
      }
      layers[place].parts[part].add(layer)
    }
  }
}

extension RoutingReport.Part {
  fileprivate mutating func add(_ layer: RoutingTrace.Layer) {
    tokens += layer.tokens
    choices += layer.experts.count
    for (expert, isKept) in zip(layer.experts, layer.kept) where isKept != 0 {
      guard counts.indices.contains(Int(expert)) else { continue }
      counts[Int(expert)] += 1
      kept += 1
    }
  }
}

extension RoutingReport: CustomStringConvertible {
  /// A table for people: a row for each layer and modality, then a column for each expert in per cent.
  var description: String {
    var lines: [String] = []
    for layer in layers {
      lines.append("\(layer.bank): \(layer.experts) experts, top \(layer.k)")
      for part in layer.parts {
        let shares = part.shares.map { Self.pad("\(Int(($0 * 100).rounded()))", 4) }.joined()
        lines.append(
          "  \(Self.padEnd(part.modality, 6))\(Self.pad("\(part.tokens)", 8)) tokens"
            + "  effective \(Self.pad(Self.tenths(part.effectiveExperts), 4))"
            + "  kept \(Self.pad(Self.tenths(part.success * 100), 5)) %  share %\(shares)")
      }
      if layer.parts.count > 1 {
        let purity = layer.purity.map { Self.pad($0.map { "\(Int(($0 * 100).rounded()))" } ?? "-", 4) }
        lines.append(Self.padEnd("  purity", 52) + "%" + purity.joined())
      }
    }
    if let reading {
      lines.append(
        "experts: \(reading.hits) hits, \(reading.misses) misses, \(Size.text(reading.bytesRead)) read, "
          + "\(Self.tenths(reading.waitMs)) ms waited, \(Size.text(reading.peakExpertBytes)) held")
    }
    return lines.isEmpty ? "the model has no MoE layers" : lines.joined(separator: "\n")
  }

  private static func tenths(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
  private static func pad(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
  private static func padEnd(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
