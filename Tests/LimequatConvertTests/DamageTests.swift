import LimequatTestSupport
import Testing

@testable import LimequatConvert

/// 1,000 damaged copies: any answer is fine, a trap or a hang is not.
@Test(arguments: ["config.json", "tokenizer.model"]) func survivesDamage(_ file: String) throws {
  let folder = try TemporaryFolder()
  try folder.copy(from: Fixture.path("limoe-sentencepiece"))
  let good = try bytes(ofFile: folder.file(file))
  var refused = 0
  for seed in 0..<1000 {
    var random = SeededRandom(seed: UInt64(seed))
    try folder.write(file, random.damage(good))
    if complaint(folder) != nil { refused += 1 }
  }
  #expect(refused > 500)
}
