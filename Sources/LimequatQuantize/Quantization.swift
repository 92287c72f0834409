internal import Foundation
internal import LimequatContainer

/// Makes a smaller model of a model: experts, and where asked the other matrices and tables, in int8 or f16
/// (formats/quantization.md).
public enum Quantization {
  /// Reads the container at `source` and writes the other to `target`, which appears only when it is whole.
  ///
  /// Memory is that of a few panels for each thread, whatever the size of the model. The same source and
  /// options give the same bytes, whatever the number of threads. `progress` is told how many bytes of all
  /// were read.
  public static func run(
    from source: String, to target: String, options: QuantizationOptions = QuantizationOptions(),
    progress: @escaping (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(QuantizeError) -> QuantizationReport {
    let container = try LimequatQuantize.source { () throws(ContainerError) in
      try Container.open(path: source, access: .positioned)
    }
    let writer = try LimequatQuantize.target { () throws(ContainerError) in
      try ContainerWriter.create(path: target)
    }
    let threads = options.threads > 0 ? options.threads : ProcessInfo.processInfo.activeProcessorCount
    let run = try QuantizationRun(
      container: container, options: options, writer: writer, threads: min(max(threads, 1), 256),
      progress: progress)
    try run.run()
    try LimequatQuantize.target { () throws(ContainerError) in
      try writer.finish(ManifestDraft(of: container, quantizedBy: options))
    }
    var report = run.builder.report
    report.bytesBefore = container.fileSize
    report.bytesAfter = try LimequatQuantize.target { () throws(ContainerError) in
      try Container.open(path: target, access: .positioned).fileSize
    }
    return report
  }
}
