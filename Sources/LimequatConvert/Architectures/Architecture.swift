internal import CLimequatPlatform
internal import LimequatCheckpoint

/// The families of checkpoints that can be converted.
public enum Architecture: String, Sendable, CaseIterable {
  case limoe, vmoe

  static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }

  /// The family of a source: a checkpoint folder, or a file in one.
  public static func recognise(source: String) throws(ConversionError) -> Architecture {
    try CheckpointFolder.open(source: source).architecture
  }
}

/// A folder with a config.json.
struct CheckpointFolder {
  static let configName = "config.json"
  private static let configLimit = 1 << 20

  let path: String
  let config: ConfigObject

  var configPath: String { "\(path)/\(Self.configName)" }

  static func open(source: String) throws(ConversionError) -> CheckpointFolder {
    var path = source
    let isFolder = path.withCString { lmq_is_directory($0) }
    if !isFolder {
      // A file of the folder stands for the folder.
      guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else {
        path = "."
        return try read(path, source: source)
      }
      path = String(path[..<slash])
      if path.isEmpty { path = "/" }
    }
    while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path.removeLast() }
    return try read(path, source: source)
  }

  private static func read(_ path: String, source: String) throws(ConversionError) -> CheckpointFolder {
    if isMissing(source) { throw .unrecognised(source: source, found: "there is no such file or folder") }
    let file = "\(path)/\(configName)"
    if isMissing(file) { throw .unrecognised(source: source, found: "no \(configName) in \(path)") }
    let json = try withCheckpoint { () throws(CheckpointError) in
      try JSON.read(path: file, limit: configLimit)
    }
    guard json.value.kind == .object else {
      throw .config(file: file, key: "", expected: "an object", found: json.value.shown)
    }
    return CheckpointFolder(path: path, config: ConfigObject(json.value, file: file))
  }

  /// Whether nothing is there. A folder that may not be read is another matter: reading it says so.
  private static func isMissing(_ path: String) -> Bool {
    path.withCString { access($0, F_OK) } != 0 && [ENOENT, ENOTDIR].contains(lmq_errno())
  }

  /// For messages: what a configuration without a model_type speaks of.
  private var keys: String {
    var keys: [String] = []
    config.value.forEachMember { key, _ in
      if keys.count < 8 { keys.append("\"\(key)\"") }
    }
    return keys.isEmpty ? "no keys" : "no model_type, but \(keys.joined(separator: ", "))"
  }

  var architecture: Architecture {
    get throws(ConversionError) {
      let type = config.value.member("model_type")
      if let name = type?.string, let architecture = Architecture(rawValue: name) { return architecture }
      // V-MoE's own folders have no model_type, but keys that no other family has.
      if type == nil,
        ["num_classes", "num_experts", "moe_layers"].contains(where: { config.value.member($0) != nil })
      {
        if !config.has("num_classes"),
          let key = ["vocab_size", "text_length", "projection_size"].first(where: config.has)
        {
          throw .config(
            file: configPath, key: "model_type", expected: "\"limoe\" (\"\(key)\" is a key of LIMoE folders)",
            found: "nothing")
        }
        return .vmoe
      }
      throw .unrecognised(
        source: path, found: "\(configPath) has \(type.map { "model_type \($0.shown)" } ?? keys)")
    }
  }
}
