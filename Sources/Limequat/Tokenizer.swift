internal import LimequatBytes
internal import LimequatContainer
internal import LimequatRuntime
internal import LimequatText

extension UnigramTokenizer {
  /// The tokenizer of a model, on its tables: valid while the model lives. Linear in the size of the tables.
  static func make(
    _ entry: TokenizerEntry, _ model: LimequatRuntime.Model
  ) throws(LimequatError) -> UnigramTokenizer {
    let map = entry.characterMap
    let tables = UnigramTables(
      pieces: try table(entry.pieces, model), offsets: try table(entry.pieceOffsets, model),
      scores: try table(entry.scores, model), types: try table(entry.pieceTypes, model),
      characterMap: map.isEmpty ? UnsafeRawBufferPointer(start: nil, count: 0) : try table(map, model))
    do throws(TextError) { return try make(tables: tables, options: entry.options) } catch {
      throw LimequatError(making: error)
    }
  }

  private static func table(
    _ name: Name, _ model: LimequatRuntime.Model
  ) throws(LimequatError) -> UnsafeRawBufferPointer {
    guard let index = model.container.tensorIndex(name) else {
      throw LimequatError(.format, "the tokenizer's tensor \"\(name.text)\" is not in the file")
    }
    // The room of a tensor ends at its last element: u8, i32 and f32 in rows have no padding.
    do throws(RuntimeError) { return try model.load(tensor: index) } catch { throw LimequatError(error) }
  }
}

extension TokenizerEntry {
  /// The same for LimequatText, which knows no container.
  var options: TokenizerOptions {
    TokenizerOptions(
      kind: kind == .idsOnly ? .idsOnly : .sentencePieceUnigram, maxLength: maxLength, eos: ending,
      eosId: eosId, padId: padId, lowerCase: lowerCase, unknownId: unknownId, addDummyPrefix: addDummyPrefix,
      removeExtraWhitespaces: removeExtraWhitespaces, escapeWhitespaces: escapeWhitespaces,
      treatWhitespaceAsSuffix: treatWhitespaceAsSuffix, byteFallback: byteFallback)
  }

  private var ending: TokenizerOptions.Eos {
    switch eos {
    case .none: .none
    case .yes: .yes
    case .sticky: .sticky
    }
  }
}

extension LimequatError {
  /// What can be wrong with a tokenizer of a file.
  init(making error: TextError) {
    if case .outOfMemory = error {
      self.init(.memory, error.description)
    } else {
      self.init(.format, error.description)
    }
  }

  /// What can be wrong with a text.
  init(_ error: TextError) {
    switch error {
    case .outOfMemory: self.init(.memory, error.description)
    case .textLength: self.init(.value, error.description)
    default: self.init(.internalFault, error.description)
    }
  }
}
