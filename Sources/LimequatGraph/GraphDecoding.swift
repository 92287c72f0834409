internal import CLimequatSchema
internal import LimequatBytes
internal import LimequatProtobuf

extension Graph {
  /// Decodes a graph and checks all rules of formats/graph.md that need no concrete dims (G01 to G23). The
  /// bytes are not needed afterwards. The inverse is ``GraphBuilder/encode()``.
  public static func decode(_ bytes: UnsafeRawBufferPointer) throws(GraphError) -> Graph {
    guard bytes.count <= Limits.model else {
      throw .broken(.size, at: .init(), expected: "at most \(Limits.model) bytes", found: "\(bytes.count)")
    }
    let message = try unpack(bytes)
    try checkVersions(message.root)
    guard let graph = message.root.pointee.graph else {
      throw .broken(.graph, at: .init(), expected: "a graph", found: "none")
    }
    var decoder = try GraphDecoder(UnsafePointer(graph))
    try decoder.decode()
    return decoder.finish(message: message)
  }

  private static func unpack(
    _ bytes: UnsafeRawBufferPointer
  ) throws(GraphError) -> UnpackedMessage<Onnx__ModelProto> {
    var empty = Onnx__ModelProto()
    onnx__model_proto__init(&empty)
    guard let descriptor = empty.base.descriptor else {
      throw .broken(.wire, at: .init(), expected: "a descriptor", found: "none")
    }
    do throws(ProtobufError) {
      return try UnpackedMessage.unpack(
        bytes, descriptor: descriptor, maximumDepth: Limits.depth, memoryLimit: Limits.unpacked)
    } catch {
      switch error {
      case .memory(let error): throw .memory(error)
      case .tooLarge:
        throw .broken(
          .size, at: .init(), expected: "at most \(Limits.unpacked) bytes of memory when unpacked",
          found: "more")
      case .malformed, .tooDeep:
        throw .broken(.wire, at: .init(), expected: "a ModelProto", found: "\(error)")
      }
    }
  }

  /// G03 and G04.
  private static func checkVersions(_ model: UnsafePointer<Onnx__ModelProto>) throws(GraphError) {
    guard model.pointee.ir_version == 10 else {
      throw .broken(.version, at: .init(), expected: "ir_version 10", found: "\(model.pointee.ir_version)")
    }
    let expected = "operator sets '' 23 and 'limequat' 1, each once, the second only if used"
    var standard = 0
    var own = 0
    for index in 0..<model.pointee.n_opset_import {
      guard index < 2, let set = model.pointee.opset_import[index] else {
        throw .broken(.operatorSets, at: .init(), expected: expected, found: "more")
      }
      let domain = Name(set.pointee.domain)
      if domain.isEmpty, set.pointee.version == 23 {
        standard += 1
      } else if domain == Name("limequat"), set.pointee.version == 1 {
        own += 1
      } else {
        throw .broken(
          .operatorSets, at: .init(), expected: expected, found: "'\(domain.excerpt)' \(set.pointee.version)")
      }
    }
    let uses = uses(model)
    guard standard == 1, own == (uses ? 1 : 0) else {
      throw .broken(
        .operatorSets, at: .init(), expected: expected,
        found: "'' \(standard) times and 'limequat' \(own) times, \(uses ? "used" : "not used")")
    }
  }

  /// Whether a node is of our own domain.
  private static func uses(_ model: UnsafePointer<Onnx__ModelProto>) -> Bool {
    guard let graph = model.pointee.graph else { return false }
    for index in 0..<graph.pointee.n_node {
      if let node = graph.pointee.node[index], Name(node.pointee.domain) == Name("limequat") { return true }
    }
    return false
  }
}

extension GraphError.Place {
  init(node: Name) { self.init(node: node.text) }
  init(value: Name) { self.init(value: value.text) }
}
