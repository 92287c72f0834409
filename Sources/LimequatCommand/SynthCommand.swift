public import ArgumentParser
internal import CLimequatPlatform
public import LimequatSynth
internal import LimequatTensor

struct SynthCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "synth",
    abstract: "Writes a checkpoint folder with random weights in LIMoE's shapes.",
    discussion: """
      For measuring speed and memory. The same name, seed and type give the same bytes. The folder appears \
      only when it is whole; over 4 GiB the weights go into several files.
      """)

  /// What `--dtype` takes.
  enum WeightType: String, ExpressibleByArgument, CaseIterable {
    case f32, bf16
  }

  @Argument(help: "Which shapes.") var name: NamedModel
  @Option(name: .shortAndLong, help: "The folder to write: a new one, or an empty one.") var output: String
  @Option(parsing: .unconditional, help: "Another number gives other weights.") var seed: UInt64 = 0
  @Option(help: "How elements are stored.") var dtype = WeightType.f32

  func run() throws {
    let type: ElementType = dtype == .bf16 ? .bf16 : .f32
    let synthesis = Synthesis(name: name.rawValue, sizes: name.sizes, seed: seed, type: type)
    lmq_interruption_catch()
    defer { Console.endProgress() }
    do throws(SynthError) {
      try synthesis.write(to: output) { done, total in
        Console.progress("\(Size.text(done)) of \(Size.text(total))")
      }
    } catch {
      Console.endProgress()
      if case .exists = error { throw Fault.input("\(error)") }
      throw Fault.system("\(error)")
    }
  }
}

extension NamedModel: ExpressibleByArgument {}
