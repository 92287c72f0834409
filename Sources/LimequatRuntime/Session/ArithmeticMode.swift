internal import CLimequatKernels

/// The floating-point mode that results are defined for (formats/numerics.md), whatever the host's is: to
/// nearest, denormals kept, no traps. The thread of a call is in it from the call's beginning to its end, but
/// for progress functions, in which hosts compute; threads of the pool are always.
package struct ArithmeticMode {
  private let host: UInt64

  package init() { host = lmq_kernels_enter() }

  /// Back to the host's mode.
  package func end() { lmq_kernels_leave(host) }

  /// A callback of the host, in the host's mode.
  package func suspended<Answer>(_ callback: () -> Answer) -> Answer {
    end()
    defer { _ = lmq_kernels_enter() }
    return callback()
  }
}
