internal import CLimequatSchema
internal import CProtobufC
internal import LimequatBytes
internal import LimequatProtobuf

extension GraphBuilder {
  /// The serialised ModelProto; the same calls give the same bytes. Checks what ``Graph/decode(_:)`` checks.
  public func encode() throws(GraphError) -> [UInt8] {
    try checkText(name)
    for name in valueNames { try checkText(name) }
    for node in nodes { try checkText(node.name) }
    let packed: Buffer
    do throws(BytesError) { packed = try GraphEncoder().pack(self) } catch { throw .memory(error) }
    let bytes = UnsafeRawBufferPointer(packed.bytes)
    _ = try Graph.decode(bytes)
    return [UInt8](bytes)
  }

  /// A C string would end at the zero.
  private func checkText(_ name: String) throws(GraphError) {
    for byte in name.utf8 where byte == 0 {
      throw .broken(.names, at: .init(), expected: "names without a zero byte", found: "'\(name)'")
    }
  }
}

/// Builds the C messages of a graph.
private struct GraphEncoder {
  private let arena = MessageArena()

  func pack(_ builder: GraphBuilder) throws(BytesError) -> Buffer {
    let model = try message(onnx__model_proto__init)
    model.pointee.ir_version = 10
    model.pointee.producer_name = try arena.string("limequat")
    let graph = try message(onnx__graph_proto__init)
    model.pointee.graph = graph
    graph.pointee.name = try arena.string(builder.name)
    (graph.pointee.input, graph.pointee.n_input) = try list(builder.inputs) { (info) throws(BytesError) in
      try valueInfo(info, builder)
    }
    (graph.pointee.output, graph.pointee.n_output) = try list(builder.outputs) { (info) throws(BytesError) in
      try valueInfo(info, builder)
    }
    (graph.pointee.initializer, graph.pointee.n_initializer) = try list(builder.initializers) {
      (initializer) throws(BytesError) in try tensor(initializer, builder)
    }
    var usesOwnDomain = false
    (graph.pointee.node, graph.pointee.n_node) = try list(builder.nodes) { (draft) throws(BytesError) in
      if case .sparseMoE = draft.op { usesOwnDomain = true }
      return try node(draft, builder)
    }
    let sets: [(String, Int64)] = usesOwnDomain ? [("", 23), ("limequat", 1)] : [("", 23)]
    (model.pointee.opset_import, model.pointee.n_opset_import) = try list(sets) { (set) throws(BytesError) in
      let message = try message(onnx__operator_set_id_proto__init)
      message.pointee.domain = try arena.string(set.0)
      message.pointee.version = set.1
      return message
    }
    return try arena.pack(UnsafeRawPointer(model).assumingMemoryBound(to: ProtobufCMessage.self))
  }

  private func valueInfo(
    _ info: GraphBuilder.ValueInfo, _ builder: GraphBuilder
  ) throws(BytesError) -> UnsafeMutablePointer<Onnx__ValueInfoProto> {
    let message = try message(onnx__value_info_proto__init)
    message.pointee.name = try arena.string(builder.valueNames[info.value])
    message.pointee.type = try self.message(onnx__type_proto__init)
    let tensor = try self.message(onnx__type_proto__tensor__init)
    message.pointee.type.pointee.tensor_type = tensor
    tensor.pointee.elem_type = info.type.rawValue
    let shape = try self.message(onnx__tensor_shape_proto__init)
    tensor.pointee.shape = shape
    (shape.pointee.dim, shape.pointee.n_dim) = try list(info.dims) { (dim) throws(BytesError) in
      let message = try self.message(onnx__tensor_shape_proto__dimension__init)
      switch dim {
      case .fixed(let size):
        message.pointee.value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE
        message.pointee.dim_value = Int64(size)
      case .symbolic(let name):
        message.pointee.value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM
        message.pointee.dim_param = try arena.string(name)
      }
      return message
    }
    return message
  }

  private func tensor(
    _ initializer: GraphBuilder.Initializer, _ builder: GraphBuilder
  ) throws(BytesError) -> UnsafeMutablePointer<Onnx__TensorProto> {
    let message = try message(onnx__tensor_proto__init)
    message.pointee.name = try arena.string(builder.valueNames[initializer.value])
    message.pointee.data_type = initializer.type.rawValue
    (message.pointee.dims, message.pointee.n_dims) = try numbers(initializer.dims) { Int64($0) }
    if let data = initializer.data {
      message.pointee.raw_data = try binary(data)
    } else {
      message.pointee.data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL
      let entry = try self.message(onnx__string_string_entry_proto__init)
      entry.pointee.key = try arena.string("location")
      entry.pointee.value = try arena.string(builder.valueNames[initializer.value])
      (message.pointee.external_data, message.pointee.n_external_data) = try list([entry]) { $0 }
    }
    return message
  }

  private func node(
    _ draft: GraphBuilder.NodeDraft, _ builder: GraphBuilder
  ) throws(BytesError) -> UnsafeMutablePointer<Onnx__NodeProto> {
    let message = try message(onnx__node_proto__init)
    message.pointee.name = try arena.string(draft.name)
    let kind = draft.op.kind
    message.pointee.op_type = try arena.string("\(kind.type)")
    message.pointee.domain = try arena.string("\(kind.domain)")
    (message.pointee.input, message.pointee.n_input) = try list(draft.inputs) { (input) throws(BytesError) in
      try arena.string(input.map { builder.valueNames[$0] } ?? "")
    }
    (message.pointee.output, message.pointee.n_output) = try list([draft.output]) {
      (output) throws(BytesError) in
      try arena.string(builder.valueNames[output])
    }
    (message.pointee.attribute, message.pointee.n_attribute) = try list(draft.op.attributes) {
      (attribute) throws(BytesError) in try self.attribute(attribute)
    }
    return message
  }

  private func attribute(
    _ draft: AttributeDraft
  ) throws(BytesError) -> UnsafeMutablePointer<Onnx__AttributeProto> {
    let message = try message(onnx__attribute_proto__init)
    message.pointee.name = try arena.string("\(draft.name)")
    switch draft.value {
    case .int(let value):
      message.pointee.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT
      message.pointee.i = Int64(value)
    case .float(let value):
      message.pointee.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT
      message.pointee.f = value
    case .string(let value):
      message.pointee.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING
      message.pointee.s = try binary([UInt8](value.utf8))
    case .ints(let values):
      message.pointee.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS
      (message.pointee.ints, message.pointee.n_ints) = try numbers(values) { Int64($0) }
    case .floats(let values):
      message.pointee.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS
      (message.pointee.floats, message.pointee.n_floats) = try numbers(values) { $0 }
    }
    return message
  }

  // MARK: - Memory

  private func message<Message>(
    _ initialize: (UnsafeMutablePointer<Message>?) -> Void
  ) throws(BytesError) -> UnsafeMutablePointer<Message> {
    let message = try arena.array(of: Message.self, count: 1)
    initialize(message)
    return message
  }

  private func list<Element, Pointee>(
    _ elements: [Element], _ make: (Element) throws(BytesError) -> UnsafeMutablePointer<Pointee>
  ) throws(BytesError) -> (UnsafeMutablePointer<UnsafeMutablePointer<Pointee>?>, Int) {
    let list = try arena.array(of: UnsafeMutablePointer<Pointee>?.self, count: elements.count)
    for (index, element) in elements.enumerated() { list[index] = try make(element) }
    return (list, elements.count)
  }

  private func numbers<Element, Number>(
    _ elements: [Element], _ convert: (Element) -> Number
  ) throws(BytesError) -> (UnsafeMutablePointer<Number>, Int) {
    let list = try arena.array(of: Number.self, count: elements.count)
    for (index, element) in elements.enumerated() { list[index] = convert(element) }
    return (list, elements.count)
  }

  private func binary(_ bytes: [UInt8]) throws(BytesError) -> ProtobufCBinaryData {
    let (copy, count) = try numbers(bytes) { $0 }
    return ProtobufCBinaryData(len: count, data: copy)
  }
}
