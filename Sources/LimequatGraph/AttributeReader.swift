internal import CLimequatSchema
internal import LimequatBytes

/// The attributes of one node, checked against what its operator knows (G13 to G15); G16 as they are read.
struct AttributeReader {
  private let node: UnsafePointer<Onnx__NodeProto>
  let place: GraphError.Place

  init(
    _ node: UnsafePointer<Onnx__NodeProto>, kind: OperatorKind, place: GraphError.Place
  ) throws(GraphError) {
    self.node = node
    self.place = place
    var count = 0
    while kind.attribute(at: count) != nil { count += 1 }
    guard node.pointee.n_attribute <= count else {
      throw broken(.attributes, "at most \(count) attributes", "\(node.pointee.n_attribute)")
    }
    var seen: UInt32 = 0
    for index in 0..<node.pointee.n_attribute {
      guard let attribute = node.pointee.attribute[index] else { continue }
      let name = Name(attribute.pointee.name)
      var known = 0
      while let spec = kind.attribute(at: known), Name(spec.name) != name { known += 1 }
      guard let spec = kind.attribute(at: known) else {
        throw broken(.attributes, "attributes that graph.md lists for \(kind.type)", "'\(name.excerpt)'")
      }
      guard seen & 1 << UInt32(known) == 0 else { throw broken(.attributes, "'\(name)' once", "it again") }
      seen |= 1 << UInt32(known)
      guard attribute.pointee.type.rawValue == spec.type.rawValue else {
        throw broken(
          .attributeTypes, "'\(name)' of type \(spec.type.text)", "type \(attribute.pointee.type.rawValue)")
      }
    }
    for known in 0..<count {
      guard let spec = kind.attribute(at: known), spec.isRequired, seen & 1 << UInt32(known) == 0 else {
        continue
      }
      throw broken(.requiredAttributes, "attribute '\(spec.name)'", "none")
    }
  }

  private func find(_ name: StaticString) -> Onnx__AttributeProto? {
    let wanted = Name(name)
    for index in 0..<node.pointee.n_attribute {
      if let attribute = node.pointee.attribute[index], Name(attribute.pointee.name) == wanted {
        return attribute.pointee
      }
    }
    return nil
  }

  func integer(_ name: StaticString, default standard: Int = 0, in range: ClosedRange<Int>) throws(GraphError)
    -> Int
  {
    guard let attribute = find(name) else { return standard }
    guard let value = Int(exactly: attribute.i), range.contains(value) else {
      let expected =
        range.lowerBound == range.upperBound
        ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
      throw broken(.attributeValues, "'\(name)' \(expected)", "\(attribute.i)")
    }
    return value
  }

  func flag(_ name: StaticString, default standard: Bool = false) throws(GraphError) -> Bool {
    try integer(name, default: standard ? 1 : 0, in: 0...1) == 1
  }

  /// Nil when left out.
  func float(_ name: StaticString) -> Float? { find(name)?.f }

  /// What a message says was found: printing floats would take 9 KB of the library.
  static var improper: String { "a number that is none of these" }

  /// A non-negative, finite number.
  func epsilon() throws(GraphError) -> Float {
    let value = float("epsilon") ?? 1e-5
    guard value >= 0, value.isFinite else {
      throw broken(.attributeValues, "'epsilon' at least 0 and finite", AttributeReader.improper)
    }
    return value
  }

  /// Nil when left out. Borrows from the message.
  func string(_ name: StaticString) -> Name? {
    guard let attribute = find(name) else { return nil }
    return Name(UnsafeRawBufferPointer(start: attribute.s.data, count: attribute.s.len))
  }

  /// The place of the text among the choices, 0 when it is left out.
  func choice(_ name: StaticString, _ choices: StaticString...) throws(GraphError) -> Int {
    guard let text = string(name) else { return 0 }
    for (index, choice) in choices.enumerated() where Name(choice) == text { return index }
    var expected = ""
    for choice in choices { expected += expected.utf8.isEmpty ? "'\(choice)'" : ", '\(choice)'" }
    throw broken(.attributeValues, "'\(name)' one of \(expected)", "'\(text.excerpt)'")
  }

  func integers(_ name: StaticString) -> IntegerList {
    guard let attribute = find(name) else { return IntegerList(UnsafeRawBufferPointer(start: nil, count: 0)) }
    return IntegerList(
      UnsafeRawBufferPointer(start: attribute.ints, count: attribute.n_ints * MemoryLayout<Int64>.size))
  }

  /// The sum of the list in f64, in its order; 0 when it is left out.
  func sum(_ name: StaticString, maximumCount: Int) throws(GraphError) -> Double {
    guard let attribute = find(name) else { return 0 }
    guard attribute.n_floats >= 1, attribute.n_floats <= maximumCount else {
      throw broken(.attributeValues, "'\(name)' of 1 to \(maximumCount) numbers", "\(attribute.n_floats)")
    }
    var sum = 0.0
    for index in 0..<attribute.n_floats { sum += Double(attribute.floats[index]) }
    guard sum >= 0, sum.isFinite else {
      throw broken(.attributeValues, "'\(name)' at least 0 and finite", AttributeReader.improper)
    }
    return sum
  }

  func broken(_ rule: GraphRule, _ expected: String, _ found: String) -> GraphError {
    .broken(rule, at: place, expected: expected, found: found)
  }
}
