internal import ArgumentParser

/// ArgumentParser names an unknown option only when nothing else is wrong; but who misspells an option wants
/// to hear of that, not of the one that is missing now.
enum UnknownOption {
  /// The first option of `arguments` that the subcommand does not have.
  static func find(in arguments: [String]) -> String? {
    guard let name = arguments.first,
      let command = Tool.configuration.subcommands.first(where: { $0.configuration.commandName == name })
    else { return nil }
    let takesValue = options(of: command)
    var rest = arguments.dropFirst()
    while let argument = rest.popFirst(), argument != "--" {
      guard argument.hasPrefix("-"), argument != "-" else { continue }
      let option = String(argument.prefix { $0 != "=" })
      // -ofile is -o file.
      guard let hasValue = takesValue[option] ?? takesValue[String(option.prefix(2))] else { return option }
      if hasValue, option == argument { _ = rest.popFirst() }
    }
    return nil
  }

  /// The options that the help of a command lists, and whether a value follows: `-o, --output <output>`.
  private static func options(of command: any ParsableCommand.Type) -> [String: Bool] {
    var found: [String: Bool] = [:]
    for line in Tool.helpMessage(for: command, columns: 1000).split(separator: "\n")
    where line.hasPrefix("  -") {
      let words = line.split(separator: " ")
      let names = words.prefix { $0.hasPrefix("-") }
      let hasValue = words.dropFirst(names.count).first?.hasPrefix("<") == true
      for name in names { found[name.hasSuffix(",") ? String(name.dropLast()) : String(name)] = hasValue }
    }
    return found
  }
}
