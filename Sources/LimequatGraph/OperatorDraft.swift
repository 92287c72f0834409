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
  /// A list that ONNX passes as an input.
  struct ConstantInput {
    var name: String
    var list: [Int]
  }

  /// In the order of the inputs, behind those that are values.
  var constantInputs: [ConstantInput] {
    switch self {
    case .reshape(let shape): return [ConstantInput(name: "shape", list: shape)]
    case .squeeze(let axes), .unsqueeze(let axes): return [ConstantInput(name: "axes", list: axes)]
    case .slice(let starts, let ends, let axes, let steps):
      var lists = [
        ConstantInput(name: "starts", list: starts), ConstantInput(name: "ends", list: ends),
        ConstantInput(name: "axes", list: axes),
      ]
      if let steps { lists.append(ConstantInput(name: "steps", list: steps)) }
      return lists
    case .pad(let pads): return [ConstantInput(name: "pads", list: pads)]
    case .reduceMean(let axis, _), .reduceSum(let axis, _), .reduceL2(let axis, _):
      return [ConstantInput(name: "axes", list: [axis])]
    default: return []
    }
  }
}
