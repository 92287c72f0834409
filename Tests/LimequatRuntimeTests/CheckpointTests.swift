import LimequatBytes
import LimequatRuntime
import LimequatTensor
import Testing

/// Whole models against the reference that made their fixtures.
@Suite struct CheckpointTests {
  @Test func fixturesAreThere() { #expect(CheckpointFixture.all.count >= 16) }

  @Test(arguments: CheckpointFixture.all)
  func likeReference(_ fixture: CheckpointFixture) throws {
    let model = try Model.open(container: try fixture.convert(), options: ModelOptions(threads: 1))
    let session = try Session.make(model: model)
    let signatures = try fixture.signatures()
    #expect(!signatures.isEmpty)
    for signature in signatures {
      let result = try session.run([signature.input], signature: signature.name)[0]
      #expect(result.dims == signature.expected.dims)
      let largest = zip(result.floats, signature.expected.floats).map { abs($0 - $1) }.max() ?? .infinity
      #expect(largest <= fixture.tolerance, "\(signature.name)")
    }
  }

  @Test(arguments: CheckpointFixture.all)
  func routesLikeReference(_ fixture: CheckpointFixture) throws {
    guard let routing = try fixture.routing() else { return }
    let model = try Model.open(container: try fixture.convert(), options: ModelOptions(threads: 2))
    let session = try Session.make(model: model, tracesRouting: true)
    for signature in try fixture.signatures() {
      let name = "\(signature.name)"
      guard let layers = routing[name] ?? routing["image"] else { continue }
      _ = try session.run([signature.input], signature: signature.name)
      let trace = try #require(session.trace)
      #expect(trace.layerCount == layers.count)
      for (index, key) in layers.keys.compactMap({ Int($0) }).sorted().enumerated() {
        let expected = try #require(layers[String(key)])
        let layer = try #require(trace.layer(at: index))
        #expect(layer.capacity == expected.capacity, "\(name) \(key)")
        // Where nothing can drop, groups mean nothing.
        if expected.capacity != nil { #expect(layer.groupSize == expected.groupSize, "\(name) \(key)") }
        for (item, positions) in expected.experts.enumerated() {
          for (position, experts) in positions.enumerated() {
            guard let experts else { continue }
            let place = (item * positions.count + position) * layer.k
            let choices = place..<place + layer.k
            #expect(choices.map { layer.experts[$0] } == experts, "\(name) \(key) \(item) \(position)")
            #expect(choices.map { layer.kept[$0] } == expected.kept[item][position]?.map { $0.value })
            for (choice, gate) in zip(choices, expected.gates[item][position] ?? []) {
              #expect(abs(layer.gates[choice] - gate) < 2e-5)
            }
          }
        }
      }
    }
  }
}
