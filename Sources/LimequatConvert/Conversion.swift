internal import LimequatCheckpoint

/// From somebody else's checkpoint to a .lmq file.
public enum Conversion {
  /// Reads configuration and structure of a source (a checkpoint folder or a file in one) and checks every
  /// rule that needs no weights. Only the similarity multiplier and the tokenizer are read.
  public static func plan(
    source: String, options: ConversionOptions = ConversionOptions()
  ) throws(ConversionError) -> ConversionPlan {
    let folder = try CheckpointFolder.open(source: source)
    let architecture: Architecture
    if let wanted = options.architecture {
      architecture = wanted
    } else {
      architecture = try folder.architecture
    }
    let draft: ModelDraft
    switch architecture {
    case .limoe: draft = try LIMoE(folder.config, options: options).draft(folder, options: options)
    case .vmoe: draft = try VMoE(folder.config, options: options).draft(folder, options: options)
    }
    return ConversionPlan(architecture: architecture, source: folder.path, draft: draft)
  }
}
