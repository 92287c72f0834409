internal import LimequatBytes

/// The prompts of labels: every template with the label in the place of each `{}`. Prompt `i` is that of
/// label `i / templates` and template `i % templates`.
final class Prompts {
  private let bytes: Buffer
  private let texts: Table<Name>

  private init(bytes: consuming Buffer, texts: consuming Table<Name>) {
    self.bytes = bytes
    self.texts = texts
  }

  /// One template `{}` when there are none. A template without `{}` would give all labels the same prompt and
  /// is refused.
  static func make(
    labels: borrowing Table<Name>, templates: borrowing Table<Name>
  ) throws(LimequatError) -> Prompts {
    let perLabel = templates.count == 0 ? 1 : templates.count
    let (count, tooMany) = labels.count.multipliedReportingOverflow(by: perLabel)
    guard !tooMany else { throw LimequatError(.memory, "\(labels.count) labels are too many") }
    for t in 0..<templates.count {
      guard let template = templates[t] else { continue }
      guard places(in: template) > 0 else {
        throw LimequatError(.value, "template \(t + 1) has no {} for the label: \"\(template.text)\"")
      }
    }
    var size = 0
    for l in 0..<labels.count {
      for t in 0..<perLabel {
        let template = templates[t] ?? labelItself
        let (inserted, overflow) = places(in: template).multipliedReportingOverflow(
          by: labels[l]?.bytes.count ?? 0)
        let (sum, carry) = inserted.addingReportingOverflow(template.bytes.count)
        let (total, more) = size.addingReportingOverflow(sum)
        guard !overflow, !carry, !more else { throw LimequatError(.memory, "the prompts are too long") }
        size = total
      }
    }
    let bytes = try limequat { () throws(BytesError) in try Buffer(size: size) }
    var texts = try limequat { () throws(BytesError) in try Table<Name>(capacity: count) }
    var end = 0
    for l in 0..<labels.count {
      for t in 0..<perLabel {
        guard let label = labels[l] else { continue }
        let start = end
        write(templates[t] ?? labelItself, with: label, into: bytes.bytes, at: &end)
        texts.append(Name(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes.bytes)[start..<end])))
      }
    }
    return Prompts(bytes: bytes, texts: texts)
  }

  var count: Int { texts.count }
  subscript(_ index: Int) -> Name? { texts[index] }

  private static var labelItself: Name { Name("{}") }

  private static func isPlace(_ template: Name, _ i: Int) -> Bool {
    i + 1 < template.bytes.count && template.bytes[i] == 0x7B && template.bytes[i + 1] == 0x7D
  }

  private static func places(in template: Name) -> Int {
    var count = 0
    var i = 0
    while i < template.bytes.count {
      let found = isPlace(template, i)
      if found { count += 1 }
      i += found ? 2 : 1
    }
    return count
  }

  /// The room was counted with the same rule.
  private static func write(
    _ template: Name, with label: Name, into room: UnsafeMutableRawBufferPointer, at end: inout Int
  ) {
    var i = 0
    while i < template.bytes.count {
      if isPlace(template, i) {
        for byte in label.bytes {
          room[end] = byte
          end += 1
        }
        i += 2
      } else {
        room[end] = template.bytes[i]
        end += 1
        i += 1
      }
    }
  }
}
