import Foundation
import LimequatContainer
import LimequatTestSupport
import Testing

@testable import LimequatConvert

@Test(arguments: Fixture.all) func everyFixtureConverts(_ name: String) throws {
  let plan = try Conversion.plan(source: Fixture.path(name))
  let path = NSTemporaryDirectory() + "limequat-\(UUID()).lmq"
  defer { try? FileManager.default.removeItem(atPath: path) }
  try plan.write(to: path)
  let container = try Container.open(path: path)
  try container.verify()
}
