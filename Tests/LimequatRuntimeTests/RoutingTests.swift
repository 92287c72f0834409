import Foundation
import LimequatContainer
import LimequatGraph
import LimequatRuntime
import Testing

/// SparseMoE against the golden vector that V-MoE's own code gave (formats/graph.md, "SparseMoE").
@Suite struct RoutingTests {
  /// Rows of gates; a logit is the logarithm of its gate, so that the softmax gives them back.
  private static let gates: [Float] = [
    0.70, 0.20, 0.10, 0.60, 0.30, 0.10, 0.90, 0.05, 0.05, 0.40, 0.35, 0.25, 0.40, 0.25, 0.35, 0.10, 0.80,
    0.10,
  ]

  /// A model whose expert e answers the unit vector e whatever it is asked: what comes out are the combine
  /// rows.
  private func model(_ attributes: SparseMoEAttributes, absent: Int? = nil) throws -> Model {
    var builder = GraphBuilder(name: "routing")
    let x = builder.input("x", type: .f32, dims: [.symbolic("B"), .symbolic("S"), .fixed(3)])
    let logits = builder.input("logits", type: .f32, dims: [.symbolic("B"), .symbolic("S"), .fixed(3)])
    let y = builder.node(.sparseMoE(bank: "bank", attributes), [x, logits], name: "moe")
    builder.output(y, name: "y", type: .f32, dims: [.symbolic("B"), .symbolic("S"), .fixed(3)])
    var signature = SignatureDraft(name: "run", model: try builder.encode(), modality: "none")
    signature.dimensions = [("B", 1, nil), ("S", 1, nil)]
    var container = TestContainer()
    container.signatures = [signature]
    let experts = (0..<3).map { expert -> TestContainer.Expert? in
      if expert == absent { return nil }
      let unit = (0..<3).map { $0 == expert ? Float(1) : 0 }
      return TestContainer.Expert(matrices: [
        ([Float](repeating: 0, count: 12), [0, 0, 0, 0]), ([Float](repeating: 0, count: 12), unit),
      ])
    }
    container.banks = [(BankDraft(name: "bank", inputSize: 3, hiddenSize: 4, outputSize: 3), experts)]
    return try Model.open(container)
  }

  private func run(
    _ attributes: SparseMoEAttributes, gates: [Float] = RoutingTests.gates, items: Int = 1, absent: Int? = nil
  ) throws -> (rows: [Float], trace: RoutingTrace) {
    let session = try Session.make(model: try model(attributes, absent: absent), tracesRouting: true)
    let sequence = gates.count / 3 / items
    let inputs = [
      TestTensor([Float](repeating: 0.5, count: gates.count), [items, sequence, 3]),
      TestTensor(gates.map { $0 < 0 ? .nan : log($0) }, [items, sequence, 3]),
    ]
    return (try session.run(inputs)[0].floats, try #require(session.trace))
  }

  private func kept(_ trace: RoutingTrace) throws -> [String] {
    let layer = try #require(trace.layer(at: 0))
    return (0..<layer.tokens).map { token in
      layer.kept[token * layer.k..<(token + 1) * layer.k].map { "\($0)" }.joined()
    }
  }

  /// S = 6, E = 3, K = 2, C = ceil(6 * 2 * 0.5 / 3) = 2.
  private static let tight = SparseMoEAttributes(k: 2, activation: .relu, capacityFactor: 0.5)

  @Test func vanillaOrder() throws {
    #expect(try kept(run(Self.tight).trace) == ["11", "10", "00", "00", "01", "10"])
  }

  @Test func batchPriority() throws {
    var attributes = Self.tight
    attributes.batchPriority = true
    let (rows, trace) = try run(attributes)
    #expect(try kept(trace) == ["10", "00", "11", "00", "01", "10"])
    let expected: [Float] = [0.7, 0, 0, 0, 0, 0, 0.9, 0.05, 0, 0, 0, 0, 0, 0, 0.35, 0, 0.8, 0]
    for (got, want) in zip(rows, expected) { #expect(abs(got - want) < 1e-6) }
    // Dropped is exactly nothing.
    #expect(rows[3...5].allSatisfy { $0 == 0 })
  }

  /// A drop of one choice does not rescale the other, and normalised gates sum to 1 when nothing drops.
  @Test func normalizedGates() throws {
    let (rows, _) = try run(SparseMoEAttributes(k: 2, activation: .relu, normalizeGates: true))
    #expect(abs(rows[0] - 0.7 / 0.9) < 1e-6 && abs(rows[1] - 0.2 / 0.9) < 1e-6)
    for token in 0..<6 { #expect(abs(rows[token * 3..<token * 3 + 3].reduce(0, +) - 1) < 1e-6) }
  }

  /// The 2017 layer: a softmax over the logits that are kept.
  @Test func softmaxOverTheKept() throws {
    let (rows, _) = try run(SparseMoEAttributes(k: 2, activation: .relu, softmax: .kept))
    #expect(abs(rows[0] - 0.7 / 0.9) < 1e-6 && abs(rows[1] - 0.2 / 0.9) < 1e-6 && rows[2] == 0)
  }

  @Test func tiesGoToTheLowerExpert() throws {
    let (_, trace) = try run(SparseMoEAttributes(k: 2, activation: .relu), gates: [0.25, 0.5, 0.25])
    #expect(Array(try #require(trace.layer(at: 0)).experts) == [1, 0])
  }

  /// An absent expert is never chosen, and the others' gates are those of a softmax without it.
  @Test func absentExpertsAreNotChosen() throws {
    let (rows, trace) = try run(SparseMoEAttributes(k: 1, activation: .relu), absent: 0)
    #expect(try #require(trace.layer(at: 0)).experts.allSatisfy { $0 != 0 })
    #expect(abs(rows[1] - 0.2 / 0.3) < 1e-6)
  }

  /// Each group has slots of its own: two items as groups give what each gives alone.
  @Test func groupsAreApart() throws {
    var attributes = Self.tight
    attributes.group = .sequence
    let (together, _) = try run(attributes, gates: Self.gates + Self.gates, items: 2)
    let (alone, _) = try run(attributes)
    #expect(together == alone + alone)
    attributes.group = .call
    #expect(try run(attributes, gates: Self.gates + Self.gates, items: 2).rows != alone + alone)
  }

  /// A NaN among the logits gives some answer, and no trap.
  @Test(arguments: [1, 2, 3])
  func notANumberPasses(k: Int) throws {
    var gates = Self.gates
    gates[4] = -1
    for softmax in [SparseMoEAttributes.Softmax.all, .kept] {
      var attributes = SparseMoEAttributes(k: k, activation: .relu, softmax: softmax, capacityFactor: 0.5)
      attributes.batchPriority = true
      let (_, trace) = try run(attributes, gates: gates)
      #expect(try #require(trace.layer(at: 0)).experts.allSatisfy { (0..<3).contains($0) })
    }
  }

  @Test func groupSizeMustDivideTheTokens() throws {
    var attributes = Self.tight
    attributes.group = .tokens(4)
    #expect(throws: RuntimeError.self) { try run(attributes) }
    // Where nothing can drop, groups mean nothing.
    attributes.capacityFactor = 2
    _ = try run(attributes)
  }

  /// formats/graph.md, "Capacity": values that V-MoE's own code gave.
  @Test(arguments: [
    (400, 2, 8, 1.05, 108), (400, 2, 8, 4.0, 400), (1160, 2, 8, 1.5, 436), (1576, 2, 8, 1.05, 416),
    (4616, 2, 8, 1.5, 1732), (50, 2, 8, 4.0, 52), (197, 2, 8, 1.5, 76), (196, 1, 32, 1.0, 8),
    (16, 1, 32, 1.0, 4),
  ])
  func capacities(_ row: (tokens: Int, k: Int, experts: Int, factor: Double, capacity: Int)) throws {
    let attributes = SparseMoEAttributes(
      k: row.k, activation: .relu, capacityFactor: row.factor, capacityMultiple: 4)
    #expect(try attributes.capacity(groupSize: row.tokens, experts: row.experts) == row.capacity)
  }
}
