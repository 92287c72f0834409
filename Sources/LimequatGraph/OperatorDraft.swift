/// A node to be written by ``GraphBuilder``: ``Operator`` with lists of the program's own. Lists that ONNX
/// passes as inputs become constants, which the builder adds.
public enum OperatorDraft: Sendable {
  case identity
  case reshape([Int])
  case transpose([Int])
  case squeeze(axes: [Int])
  case unsqueeze(axes: [Int])
  case concat(axis: Int)
  case slice(starts: [Int], ends: [Int], axes: [Int], steps: [Int]? = nil)
  case pad([Int])
  case gather(axis: Int)
  case cast(to: GraphType)
  case add, subtract, multiply, divide
  case less, equal
  case choose
  case matMul
  case layerNormalization(epsilon: Float)
  case rmsNormalization(epsilon: Float)
  case softmax
  case gelu(Operator.GeluForm)
  case relu, sigmoid, tanh
  case reduceMean(axis: Int, keepDims: Bool)
  case reduceSum(axis: Int, keepDims: Bool)
  case reduceL2(axis: Int, keepDims: Bool)
  case attention(heads: Int, kvHeads: Int, scale: Float? = nil)
  case sparseMoE(bank: String, SparseMoEAttributes)
}

extension OperatorDraft {
  /// The lists that ONNX passes as inputs, in their order, behind the inputs that are values.
  var constantInputs: [(name: String, list: [Int])] {
    switch self {
    case .reshape(let shape): return [("shape", shape)]
    case .squeeze(let axes), .unsqueeze(let axes): return [("axes", axes)]
    case .slice(let starts, let ends, let axes, let steps):
      let bounds = [("starts", starts), ("ends", ends), ("axes", axes)]
      return steps.map { bounds + [("steps", $0)] } ?? bounds
    case .pad(let pads): return [("pads", pads)]
    case .reduceMean(let axis, _), .reduceSum(let axis, _), .reduceL2(let axis, _): return [("axes", [axis])]
    default: return []
    }
  }
}
