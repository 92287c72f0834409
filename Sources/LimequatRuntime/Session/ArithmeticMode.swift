internal import CLimequatKernels

/// The floating-point mode that results are defined for (formats/numerics.md), whatever the host's is: to
/// nearest, denormals kept, no traps. A call of the runtime has it by itself; this is for what is computed
/// around it, but not for the host's callbacks.
package struct ArithmeticMode {
  private let host: UInt64

  package init() { host = lmq_kernels_enter() }

  /// Back to the host's mode.
  package func end() { lmq_kernels_leave(host) }
}
