internal import LimequatBytes

/// The rules of formats/graph.md by number. G01 to G23 are checked by ``Graph/decode(_:)``, G24 to G33 by
/// ``Graph/inferShapes(inputs:externals:banks:)``.
public enum GraphRule: Int, Sendable, CaseIterable {
  case wire = 1
  case size, version, operatorSets, graph, limits, names, uniqueNames, defined, oneOutput
  case operators, inputCount, attributes, attributeTypes, requiredAttributes, attributeValues
  case valueInfo, constantData, externalData, constantInputs, types, outputs, optionalInputs
  case inputShapes, directory, ranks, axes, broadcast, dims, elements, outputShapes, grouping, bank

  /// For example `G09`.
  public var id: String { rawValue < 10 ? "G0\(rawValue)" : "G\(rawValue)" }

  /// As in graph.md and in the file names of formats/vectors/invalid.
  public var name: String {
    switch self {
    case .wire: "wire"
    case .size: "size"
    case .version: "version"
    case .operatorSets: "operator-sets"
    case .graph: "graph"
    case .limits: "limits"
    case .names: "names"
    case .uniqueNames: "unique-names"
    case .defined: "defined"
    case .oneOutput: "one-output"
    case .operators: "operators"
    case .inputCount: "input-count"
    case .attributes: "attributes"
    case .attributeTypes: "attribute-types"
    case .requiredAttributes: "required-attributes"
    case .attributeValues: "attribute-values"
    case .valueInfo: "value-info"
    case .constantData: "constant-data"
    case .externalData: "external-data"
    case .constantInputs: "constant-inputs"
    case .types: "types"
    case .outputs: "outputs"
    case .optionalInputs: "optional-inputs"
    case .inputShapes: "input-shapes"
    case .directory: "directory"
    case .ranks: "ranks"
    case .axes: "axes"
    case .broadcast: "broadcast"
    case .dims: "dims"
    case .elements: "elements"
    case .outputShapes: "output-shapes"
    case .grouping: "grouping"
    case .bank: "bank"
    }
  }
}
