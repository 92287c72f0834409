internal import CLimequatKernels
internal import CLimequatPlatform
internal import LimequatBytes

/// The kernel table of a model, chosen once. All tables give the same bits.
struct Kernels: @unchecked Sendable {
  let table: UnsafePointer<lmq_kernels>

  var name: Name { Name(table.pointee.name) }

  /// The variable that names a table when the options name none.
  private static let variable: StaticString = "LIMEQUAT_KERNELS"

  /// The table of this name, else of the one in LIMEQUAT_KERNELS, else the fastest that runs here.
  static func choose(_ name: Name?) throws(RuntimeError) -> Kernels {
    if let wanted = name ?? environment() {
      var index = 0
      while let candidate = lmq_kernels_name(index) {
        if Name(candidate) == wanted, let table = lmq_kernels_find(candidate) { return Kernels(table: table) }
        index += 1
      }
      throw .unknownKernels(name: wanted.text, choices: choices())
    }
    guard let table = lmq_kernels_find(nil) else { throw .unknownKernels(name: "", choices: choices()) }
    return Kernels(table: table)
  }

  /// Nil when the variable is absent or empty.
  private static func environment() -> Name? {
    let start = UnsafeRawPointer(variable.utf8Start).assumingMemoryBound(to: CChar.self)
    guard let value = getenv(start), value[0] != 0 else { return nil }
    return Name(value)
  }

  /// The names of all tables that run here, for a message.
  private static func choices() -> String {
    var text = ""
    var index = 0
    while let candidate = lmq_kernels_name(index) {
      if index > 0 { text += ", " }
      text += Name(candidate).text
      index += 1
    }
    return text
  }
}
