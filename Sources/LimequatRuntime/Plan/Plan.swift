internal import CLimequatKernels
internal import LimequatBytes
internal import LimequatGraph
internal import LimequatTensor

/// How a signature runs for certain input dims: steps in order, and where each value lies. Immutable.
final class Plan: @unchecked Sendable {
  /// The input dims that the plan is for.
  let inputs: Table<Shape>
  let values: Table<PlannedValue>
  let steps: Table<Step>
  /// What SparseMoE steps work with, in order.
  let rooms: Table<SparseMoERoom>
  /// Where each integer input lies in the arena if it is converted or derived; -1 for other inputs.
  let converted: Table<Int>
  /// In bytes.
  let arenaSize: Int

  init(
    inputs: consuming Table<Shape>, values: consuming Table<PlannedValue>, steps: consuming Table<Step>,
    rooms: consuming Table<SparseMoERoom>, converted: consuming Table<Int>, arenaSize: Int
  ) {
    self.inputs = inputs
    self.values = values
    self.steps = steps
    self.rooms = rooms
    self.converted = converted
    self.arenaSize = arenaSize
  }

  /// Tokens that its SparseMoE steps route, each step counted.
  var routedTokens: Int {
    var sum = 0
    for index in 0..<rooms.count { sum &+= rooms[index]?.shape.tokens ?? 0 }
    return sum
  }

  /// Whether the plan is for these input dims.
  func fits(_ shapes: borrowing Table<Shape>) -> Bool {
    guard shapes.count == inputs.count else { return false }
    for index in 0..<shapes.count where shapes[index] != inputs[index] { return false }
    return true
  }
}

/// A value of the graph with concrete dims, row-major wherever it lies, and contiguous unless it is padded.
struct PlannedValue {
  var type: GraphType
  var shape: Shape
  /// The value whose memory this one is; itself unless it is only another view (as Reshape makes).
  var root: Int
  /// Of a root; ``Place/nowhere`` for a view.
  var place: Place
  /// How a weight is stored; `f32` in rows for everything else of type f32.
  var stored: ElementType
  var layout: Layout
  /// The width of its rows where these are further apart than they are wide (``PaddedRows``); 0 elsewhere.
  var paddedWidth = 0

  /// Elements; shape inference has limited them.
  var count: Int { shape.count ?? 0 }
}

/// Where a value lies.
enum Place {
  /// No step makes it, because it was fused away, or none keeps more of it than its codes.
  case nowhere
  /// At this offset of the arena.
  case arena(Int)
  /// In the caller's memory, or where a converted or derived input lies.
  case input(Int)
  /// In the caller's memory.
  case output(Int)
  /// In the graph, which the model keeps.
  case fixed(UnsafeRawPointer)
  /// A tensor of the file, where the model's ``WeightStore`` has it.
  case tensor(Int)
  /// A table of the file, whose rows are read where they are wanted.
  case rows(Int)

  /// The same in every call.
  var isConstant: Bool {
    switch self {
    case .fixed, .tensor: true
    default: false
    }
  }
}

/// One operation of a plan.
struct Step {
  enum Operation {
    /// The node as it is.
    case node
    /// A product with what follows it: residual + activation(x w + bias).
    case product(bias: Int?, activation: lmq_activation, residual: Int?)
    /// Attention; `ofInt8`: q, k and v are products with int8 weights.
    case attention(ofInt8: Bool)
    /// SparseMoE with a sum that follows it; `room` is its place among the plan's rooms.
    case sparseMoE(residual: Int?, room: Int)
    /// ReduceL2, Add and Div: x / (norm(x) + epsilon).
    case normalize(epsilon: Int)
    /// The sum of two Pads that fill different places along one axis: the two values side by side.
    case join
    /// The value is given out as it is.
    case copy(Int)
  }
  var operation: Operation
  /// The node that says what is read: MatMul, SparseMoE, ReduceL2, or the Add of two Pads.
  var node: Int
  /// The value that is made.
  var output: Int
  /// Where the step's room begins in the arena.
  var room = 0
  /// The int8 codes of the first input, if it meets int8 weights.
  var codes: StepCodes?
  /// The int8 codes of the output, if the step makes them.
  var outputCodes: OutputCodes?
}

/// Codes of a value, which steps that multiply the same rows of it share.
struct StepCodes {
  /// Where their room begins in the arena.
  let start: Int
  /// This step makes them; else an earlier one did.
  let isFirst: Bool
}

/// Codes that a step makes of its output, a band of rows at a time, while the rows are near the processor.
struct OutputCodes {
  /// Where their room begins in the arena.
  let start: Int
  /// Rows of a band.
  let band: Int
  /// Where in the arena the floats lie meanwhile, if nothing reads them; nil: where the output is.
  let floats: Int?
  /// There each thread has a band; else all rows have their places.
  let isOfBands: Bool
}
