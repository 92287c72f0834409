public import LimequatBytes

/// Why a container could not be read or written.
public indirect enum ContainerError: Error, Sendable {
  /// The file or the memory failed, not the content.
  case bytes(BytesError)
  /// Memory given to ``Container/open(bytes:)`` must begin at a multiple of 64.
  case misalignedMemory
  /// There is no item of this number.
  case noSuchItem(ContainerItem)
  /// The content breaks a rule of formats/container.md.
  case rule(ContainerRule, ContainerItem, ContainerFinding)
  /// A writer was used in a way that gives no container.
  case writing(WritingFault, ContainerItem)

  /// The rule that the content breaks.
  public var rule: ContainerRule? {
    if case .rule(let rule, _, _) = self { rule } else { nil }
  }
}

/// The part of a container that an error speaks of.
public enum ContainerItem: Sendable {
  case header, manifest
  case requiredFeature(Int)
  case signature(Int, String)
  case dimension(Int, signature: String)
  case tensor(Int, String)
  case bank(Int, String)
  case expert(Int, bank: String)
  case imagePreprocessing(Int)
  case tokenizer(Int)
  case metadata(Int)
  /// Bytes that belong to nothing.
  case gap
}

/// What was read, and what was expected.
public enum ContainerFinding: Sendable {
  /// A number that should have been another.
  case mismatch(field: String, found: UInt64, expected: UInt64)
  /// Of the bytes from `offset` of the file on.
  case checksum(stored: UInt32, computed: UInt32, offset: Int)
  /// A number outside a range.
  case range(field: String, found: UInt64, minimum: UInt64, maximum: UInt64)
  case misaligned(offset: UInt64, alignment: Int)
  /// `size` bytes at `offset`, where only bytes from `begin` up to `end` may be.
  case extent(offset: UInt64, size: UInt64, begin: Int, end: Int)
  /// The extent at `offset` begins before another one ends.
  case overlap(offset: Int, other: ContainerItem, otherEnd: Int)
  /// A byte that should have been zero.
  case notZero(offset: Int, found: UInt8)
  /// What is wrong with the bytes at this place of the file.
  case content(String, offset: Int)
  /// What is wrong, where no number says it better.
  case text(String)
}

/// Ways to use a writer that give no container.
public enum WritingFault: Sendable {
  /// A call that does not fit what is open (a tensor, a bank, an expert, or nothing).
  case outOfTurn(call: String)
  /// The item was ended with another number of bytes than its type, layout and dims give.
  case size(written: Int, expected: Int)
  /// More bytes than the item takes.
  case tooManyBytes(expected: Int)
}

extension ContainerError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .bytes(let error): error.description
    case .misalignedMemory: "the memory of a container must begin at a multiple of 64"
    case .noSuchItem(let item): "there is no \(item)"
    case .rule(let rule, let item, let finding): "\(rule.id) \(rule.name): \(item): \(finding)"
    case .writing(let fault, let item): "writing \(item): \(fault)"
    }
  }
}

extension ContainerItem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .header: "header"
    case .manifest: "manifest"
    case .requiredFeature(let index): "required feature \(index)"
    case .signature(let index, let name): "signature \(index) \(quoted(name))"
    case .dimension(let index, let signature): "dimension \(index) of signature \(quoted(signature))"
    case .tensor(let index, let name): "tensor \(index) \(quoted(name))"
    case .bank(let index, let name): "bank \(index) \(quoted(name))"
    case .expert(let index, let bank): "expert \(index) of bank \(quoted(bank))"
    case .imagePreprocessing(let index): "image preprocessing \(index)"
    case .tokenizer(let index): "tokenizer \(index)"
    case .metadata(let index): "metadata \(index)"
    case .gap: "bytes between the parts"
    }
  }
}

extension ContainerFinding: CustomStringConvertible {
  public var description: String {
    switch self {
    case .mismatch(let field, let found, let expected): "\(field) is \(found), expected \(expected)"
    case .checksum(let stored, let computed, let offset):
      "stored \(hex(stored)), computed \(hex(computed)), of the bytes at \(offset)"
    case .range(let field, let found, let minimum, let maximum):
      "\(field) is \(found), expected \(minimum) to \(maximum)"
    case .misaligned(let offset, let alignment): "offset \(offset) is no multiple of \(alignment)"
    case .extent(let offset, let size, let begin, let end):
      "\(size) bytes at offset \(offset), but only bytes \(begin) up to \(end) may be used"
    case .overlap(let offset, let other, let otherEnd):
      "begins at offset \(offset), before the end of \(other) at \(otherEnd)"
    case .notZero(let offset, let found): "byte \(offset) is \(found), expected 0"
    case .content(let text, let offset): "\(text), at byte \(offset) of the file"
    case .text(let text): text
    }
  }
}

extension WritingFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .outOfTurn(let call): "\(call) does not fit here"
    case .size(let written, let expected): "\(written) bytes were written, expected \(expected)"
    case .tooManyBytes(let expected): "more bytes than the expected \(expected)"
    }
  }
}

/// A name for a message: control characters would reach terminals, so they are shown as dots.
func quoted(_ name: String) -> String {
  var bytes: [UInt8] = [UInt8(ascii: "\"")]
  for byte in name.utf8 { bytes.append(byte < 0x20 || byte == 0x7F ? UInt8(ascii: ".") : byte) }
  bytes.append(UInt8(ascii: "\""))
  return String(decoding: bytes, as: UTF8.self)
}

func hex(_ value: UInt32) -> String {
  let digits: StaticString = "0123456789abcdef"
  var bytes: [UInt8] = []
  for shift in stride(from: 28, through: 0, by: -4) {
    bytes.append(digits.utf8Start[Int(value >> UInt32(shift) & 15)])  // at most 15
  }
  return "0x" + String(decoding: bytes, as: UTF8.self)
}

/// Runs `body`, whose failures are those of the file or the memory.
func withBytes<R: ~Copyable>(_ body: () throws(BytesError) -> R) throws(ContainerError) -> R {
  do throws(BytesError) { return try body() } catch { throw .bytes(error) }
}
