public import LimequatBytes

/// What a node does: the closed list of formats/graph.md, section "Operators", with ONNX's meaning (opset 23)
/// within the bounds stated there. What ONNX passes as a constant input (shape, axes, pads, ...) is read
/// from it already; the node's inputs still list that value.
public enum Operator: Sendable {
  case identity
  /// Each entry a dim; 0 copies the dim of the input at that place, one -1 takes what is left.
  case reshape(IntegerList)
  /// Dim i of the output is dim `permutation[i]` of the input.
  case transpose(IntegerList)
  case squeeze(axes: IntegerList)
  case unsqueeze(axes: IntegerList)
  case concat(axis: Int)
  /// For axis `axes[i]` the indices `starts[i]`, `+ steps[i]`, ... before `ends[i]`; steps are at least 1,
  /// nil means all 1. Starts and ends as in Python: negative from the end, then clamped.
  case slice(starts: IntegerList, ends: IntegerList, axes: IntegerList, steps: IntegerList?)
  /// Zeros around: one count for each dim in front, then one for each dim behind.
  case pad(IntegerList)
  /// Negative indices count from the end; the indices' dims replace dim `axis` of the data.
  case gather(axis: Int)
  case cast(to: GraphType)

  case add, subtract, multiply, divide
  case less, equal
  /// Inputs: condition, value where true, value where false.
  case choose

  /// (..., M, K) by (K, N).
  case matMul
  /// Inputs: x, scale, bias (may be left out), over the last axis.
  case layerNormalization(epsilon: Float)
  /// Inputs: x, scale, over the last axis.
  case rmsNormalization(epsilon: Float)
  /// Over the last axis.
  case softmax
  case gelu(GeluForm)
  case relu, sigmoid, tanh
  case reduceMean(axis: Int, keepDims: Bool)
  case reduceSum(axis: Int, keepDims: Bool)
  case reduceL2(axis: Int, keepDims: Bool)
  /// Inputs: q (B, Sq, heads * size), k and v (B, Sk, kvHeads * size), mask (may be left out; bool,
  /// broadcastable to (B, heads, Sq, Sk), true: attend). `scale` nil: 1 / sqrt(size).
  case attention(heads: Int, kvHeads: Int, scale: Float?)
  /// Inputs: x (..., S, D), router logits (..., S, E).
  case sparseMoE(bank: Name, SparseMoEAttributes)

  public enum GeluForm: Sendable { case erf, tanh }
}
