internal import CLimequatSchema
internal import LimequatBytes

/// Reads an initializer: a weight that the container holds, or a small constant.
struct InitializerDecoder {
  private let tensor: UnsafePointer<Onnx__TensorProto>
  private let name: Name

  init(_ tensor: UnsafePointer<Onnx__TensorProto>, name: Name) {
    self.tensor = tensor
    self.name = name
  }

  func decode() throws(GraphError) -> Value {
    let isConstant = tensor.pointee.data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__DEFAULT
    return isConstant ? try constant() : try external()
  }

  /// G18.
  private func constant() throws(GraphError) -> Value {
    guard let type = GraphType(rawValue: tensor.pointee.data_type) else {
      throw broken(
        .constantData, "FLOAT, UINT8, INT32, INT64 or BOOL", "element type \(tensor.pointee.data_type)")
    }
    let elements = try elementCount(.constantData)
    let data = tensor.pointee.raw_data
    // At most 2^40 elements of 8 bytes.
    guard elements * type.size <= Limits.constant, data.len == elements * type.size else {
      throw broken(
        .constantData, "raw_data of \(elements * type.size) bytes, at most \(Limits.constant)", "\(data.len)")
    }
    guard tensor.pointee.n_external_data == 0 else {
      throw broken(
        .constantData, "no external_data beside raw_data", "\(tensor.pointee.n_external_data) entries")
    }
    let bytes = UnsafeRawBufferPointer(start: data.data, count: data.len)
    if type == .bool {
      for byte in bytes where byte > 1 {
        throw broken(.constantData, "bool bytes that are 0 or 1", "\(byte)")
      }
    }
    return Value(name: name, source: .constant(bytes), type: type, dims: dims)
  }

  /// G19.
  private func external() throws(GraphError) -> Value {
    guard tensor.pointee.data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL else {
      throw broken(
        .externalData, "data_location DEFAULT or EXTERNAL", "\(tensor.pointee.data_location.rawValue)")
    }
    guard tensor.pointee.data_type == GraphType.f32.rawValue else {
      throw broken(.externalData, "FLOAT", "element type \(tensor.pointee.data_type)")
    }
    guard tensor.pointee.raw_data.len == 0 else {
      throw broken(.externalData, "no raw_data beside external_data", "\(tensor.pointee.raw_data.len) bytes")
    }
    _ = try elementCount(.externalData)
    guard tensor.pointee.n_external_data == 1, let entry = tensor.pointee.external_data[0],
      Name(entry.pointee.key) == Name("location")
    else {
      throw broken(
        .externalData, "one external_data entry, 'location'", "\(tensor.pointee.n_external_data) others")
    }
    let location = Name(entry.pointee.value)
    guard location.isValid else {
      throw broken(.externalData, "a location of \(Name.validForm)", location.invalidForm)
    }
    return Value(name: name, source: .external(location: location), type: .f32, dims: dims)
  }

  private var dims: DeclaredDims {
    DeclaredDims(
      IntegerList(
        UnsafeRawBufferPointer(
          start: tensor.pointee.dims, count: tensor.pointee.n_dims * MemoryLayout<Int64>.size)))
  }

  /// The product of the dims: at most 8, each at least 1.
  private func elementCount(_ rule: GraphRule) throws(GraphError) -> Int {
    let dims = dims
    guard dims.rank <= 8 else { throw broken(rule, "at most 8 dims", "\(dims.rank)") }
    var count = 1
    for index in 0..<dims.rank {
      guard case .fixed(let size) = dims[index], size >= 1, size <= Limits.elements / count else {
        throw broken(rule, "dims of at least 1 and at most \(Limits.elements) elements", "\(dims)")
      }
      count *= size
    }
    return count
  }

  private func broken(_ rule: GraphRule, _ expected: String, _ found: String) -> GraphError {
    .broken(rule, at: .init(value: name), expected: expected, found: found)
  }
}
