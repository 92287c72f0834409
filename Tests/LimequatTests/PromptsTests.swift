import LimequatBytes
import Testing

@testable import Limequat

private func table(_ texts: [StaticString]) throws -> Table<Name> {
  var table = try Table<Name>(capacity: texts.count)
  for text in texts { table.append(Name(text)) }
  return table
}

private func prompts(_ labels: [StaticString], _ templates: [StaticString]) throws -> [String] {
  let prompts = try Prompts.make(labels: try table(labels), templates: try table(templates))
  return (0..<prompts.count).compactMap { prompts[$0]?.text }
}

struct PromptsTests {
  @Test func everyTemplateWithEveryLabel() throws {
    #expect(
      try prompts(["cat", "dog"], ["a photo of a {}", "{}, a {}!"])
        == ["a photo of a cat", "cat, a cat!", "a photo of a dog", "dog, a dog!"])
  }

  @Test func noTemplateIsTheLabelItself() throws {
    #expect(try prompts(["cat", ""], []) == ["cat", ""])
  }

  @Test func bracesOfALabelAreText() throws {
    #expect(try prompts(["{}"], ["<{}{}>"]) == ["<{}{}>"])
    #expect(try prompts(["a"], ["{{}} {"]) == ["{a} {"])
  }

  @Test func aTemplateWithoutAPlaceIsRefused() throws {
    let error = #expect(throws: LimequatError.self) { try prompts(["cat"], ["a {}", "a cat"]) }
    #expect(error?.code == .value)
    #expect(error?.message == "template 2 has no {} for the label: \"a cat\"")
  }
}
