internal import CLimequatSchema
internal import LimequatBytes
internal import LimequatTensor

/// C12 to C18 of the tensor directory.
extension ManifestRules {
  func checkTensors() throws(ContainerError) {
    var previous: Name?
    for index in 0..<manifest.pointee.n_tensors {
      guard let tensor = element(index, manifest.pointee.tensors, manifest.pointee.n_tensors)
      else { continue }
      try checkMemory()
      let name = Name(field: tensor.pointee.name)
      func item() -> ContainerItem { .tensor(index, name.text) }
      try checkName(name, after: &previous, item)
      try checkTensor(tensor.pointee, item)
    }
  }

  private func checkTensor(
    _ fields: Limequat__Tensor, _ item: () -> ContainerItem
  ) throws(ContainerError) {
    let type = try checkKnown(ElementType(wire: fields.type), "type", fields.type.rawValue, item)
    let layout = try checkKnown(Layout(wire: fields.layout), "layout", fields.layout.rawValue, item)
    try checkRange(.dims, "number of dims", UInt64(fields.n_dims), 0, ContainerLimits.rank, item)
    var shape = Shape()
    for axis in 0..<fields.n_dims {
      try checkRange(.dims, "dim \(axis)", fields.dims[axis], 1, ContainerLimits.dim, item)
      shape.append(Int(truncatingIfNeeded: fields.dims[axis]))  // just checked: at most 2^40
    }
    switch layout {
    case .panel32:
      guard type.isFloat || type == .int8, shape.rank == 2 else {
        throw .rule(
          .typeAndLayout, item(),
          .text("panel32 takes 2 dims of f32, f16, bf16 or int8, this is \(type) \(shape)"))
      }
      try checkRange(
        .typeAndLayout, "dim 0 of a panel32 tensor", UInt64(shape[0]), 1, ContainerLimits.matrixInputs, item)
    case .rows:
      guard type != .int8 || shape.rank == 2 else {
        throw .rule(.typeAndLayout, item(), .text("int8 takes 2 dims, this is \(shape)"))
      }
    }
    guard let size = storedSize(type: type, layout: layout, shape: shape) else {
      throw .rule(.tensorSize, item(), .text("the size of \(type) \(shape) does not fit"))
    }
    try checkEqual(.tensorSize, "size", fields.size, size, item)
    try checkAlignment(fields.offset, ContainerLimits.tensorAlignment, item)
  }

  // C18
  func checkAlignment(
    _ offset: UInt64, _ alignment: Int, _ item: () -> ContainerItem
  ) throws(ContainerError) {
    guard offset % UInt64(alignment) == 0 else {
      throw .rule(.alignment, item(), .misaligned(offset: offset, alignment: alignment))
    }
  }
}
