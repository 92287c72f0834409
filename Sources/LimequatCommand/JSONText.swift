internal import FoundationEssentials

/// Values as JSON text: names in snake case and sorted, so that the same value gives the same text.
enum JSONText {
  /// `keepingNames`: the value's own keys are what the text shall have.
  static func of(_ value: some Encodable, keepingNames: Bool = false) throws(Fault) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if !keepingNames { encoder.keyEncodingStrategy = .convertToSnakeCase }
    do {
      return String(decoding: try encoder.encode(value), as: UTF8.self)
    } catch {
      // JSON has no NaN: that is the one value an encoder refuses here.
      throw .input("the result holds a number that JSON cannot carry (NaN or infinity)")
    }
  }
}
