internal import LimequatBytes
internal import LimequatContainer
internal import LimequatText

/// Token ids of texts, as the signature `text` sees them.
final class TextEncoder {
  /// Ids of a text, pads included.
  let length: Int

  private init(length: Int) { self.length = length }

  static func make(_ entry: TokenizerEntry, _ container: Container) throws(LimequatError) -> TextEncoder {
    TextEncoder(length: entry.maxLength)
  }

  func encode(_ text: Name, into ids: UnsafeMutableBufferPointer<Int32>) throws(LimequatError) {
  }
}
