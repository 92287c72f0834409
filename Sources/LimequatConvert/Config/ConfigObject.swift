internal import LimequatCheckpoint

/// One object of config.json: every key is read with its type and range, and none may be left over.
struct ConfigObject {
  let file: String
  /// In front of keys in messages: "" or for example `tokenizer/`.
  let prefix: String
  let value: JSON.Value
  private var used: Set<String> = []

  /// Integers of the format; the upper bound keeps products of two within 64 bits.
  static let positive = 1...Int(Int32.max)

  init(_ value: JSON.Value, file: String, prefix: String = "") {
    self.value = value
    self.file = file
    self.prefix = prefix
  }

  func bad(_ key: String, expected: String, found: String) -> ConversionError {
    .config(file: file, key: prefix + key, expected: expected, found: found)
  }

  /// The value of a key, nil when it is absent.
  mutating func take(_ key: String) -> JSON.Value? {
    used.insert(key)
    return value.member(key)
  }

  func has(_ key: String) -> Bool { value.member(key) != nil }

  private func missing(_ key: String, _ expected: String) -> ConversionError {
    bad(key, expected: "\(expected) (the key is required)", found: "nothing")
  }

  mutating func integer(
    _ key: String, in range: ClosedRange<Int> = positive, otherwise: Int? = nil
  ) throws(ConversionError) -> Int {
    let expected = "an integer from \(range.lowerBound) to \(range.upperBound)"
    guard let found = take(key) else {
      guard let otherwise else { throw missing(key, expected) }
      return otherwise
    }
    guard let number = found.integer, range.contains(number) else {
      throw bad(key, expected: expected, found: found.shown)
    }
    return number
  }

  /// Nil for null; an absent key gives `otherwise`.
  mutating func integerOrNull(
    _ key: String, in range: ClosedRange<Int> = positive, otherwise: Int?
  ) throws(ConversionError) -> Int? {
    guard let found = value.member(key) else {
      used.insert(key)
      return otherwise
    }
    if found.kind == .null {
      used.insert(key)
      return nil
    }
    guard found.integer != nil else {
      throw bad(key, expected: "an integer or null", found: found.shown)
    }
    return try integer(key, in: range)
  }

  /// A number that f32 can hold; `isAllowed` is checked after rounding to f32.
  mutating func float(
    _ key: String, expected: String, otherwise: Float, where isAllowed: (Float) -> Bool
  ) throws(ConversionError) -> Float {
    guard let found = take(key) else { return otherwise }
    guard let number = found.number, Float(number).isFinite, isAllowed(Float(number)) else {
      throw bad(key, expected: expected + " (in f32)", found: found.shown)
    }
    return Float(number)
  }

  mutating func boolean(_ key: String, otherwise: Bool) throws(ConversionError) -> Bool {
    guard let found = take(key) else { return otherwise }
    guard let boolean = found.boolean else { throw bad(key, expected: "true or false", found: found.shown) }
    return boolean
  }

  /// One of some strings. "map" is reserved for a pooling to come.
  mutating func choice<Choice>(
    _ key: String, _ choices: KeyValuePairs<String, Choice>, otherwise: Choice? = nil
  ) throws(ConversionError) -> Choice {
    let expected = choices.map { quoted($0.key) }.joined(separator: " or ")
    guard let found = take(key) else {
      guard let otherwise else { throw missing(key, expected) }
      return otherwise
    }
    let string = found.string
    for (name, choice) in choices where string == name { return choice }
    throw bad(
      key, expected: expected,
      found: found.shown + (string == "map" ? ", a pooling that is reserved and not supported" : ""))
  }

  mutating func string(_ key: String) throws(ConversionError) -> String {
    guard let found = take(key) else { throw missing(key, "a string") }
    guard let string = found.string else { throw bad(key, expected: "a string", found: found.shown) }
    return string
  }

  /// Numbers that f32 can hold, exactly `count`; nil when the key is absent.
  mutating func floats(_ key: String, count: Int) throws(ConversionError) -> [Float]? {
    guard let found = take(key) else { return nil }
    let expected = "an array of \(count) numbers that f32 can hold"
    guard found.kind == .array, found.count == count else {
      throw bad(key, expected: expected, found: found.shown)
    }
    var numbers: [Float] = []
    for index in 0..<count {
      guard let number = found.element(index)?.number, Float(number).isFinite else {
        throw bad(key, expected: expected, found: found.element(index)?.shown ?? "nothing")
      }
      numbers.append(Float(number))
    }
    return numbers
  }

  /// An inner object; nil for null or an absent key.
  mutating func object(_ key: String, nullable: Bool = true) throws(ConversionError) -> ConfigObject? {
    guard let found = take(key) else { return nil }
    if nullable, found.kind == .null { return nil }
    guard found.kind == .object else {
      throw bad(key, expected: nullable ? "an object or null" : "an object", found: found.shown)
    }
    return ConfigObject(found, file: file, prefix: prefix + key + "/")
  }

  /// Refuses what was not asked for. `others` are keys of the other family, for a better message.
  func finish(others: [String] = [], family: String = "") throws(ConversionError) {
    try value.forEachMember { (key, member) throws(ConversionError) in
      guard !used.contains(key) else { return }
      throw bad(
        key, expected: "no such key",
        found: others.contains(key) ? "\(member.shown), a key of \(family) folders" : member.shown)
    }
  }
}
