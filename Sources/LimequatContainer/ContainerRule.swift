internal import LimequatBytes

/// The rules of formats/container.md. `C01` to `C32` are checked when a file is opened; the others look at
/// the bytes of tensors and blocks, and are checked when these are used or by ``Container/verify()``.
public enum ContainerRule: Int, Sendable {
  /// The file has at least 64 bytes.
  case headerSize = 1
  /// The first 8 bytes are the magic.
  case magic
  /// The header's checksum is that of its first 60 bytes.
  case headerChecksum
  /// The major version is 1.
  case majorVersion
  /// The reserved bytes of the header are zero.
  case reservedBytes
  /// The file has as many bytes as the header says.
  case fileSize
  /// The manifest lies aligned behind the header and inside the file.
  case manifestPlace
  /// The manifest's checksum is the one in the header.
  case manifestChecksum
  /// The manifest is a well-formed protobuf message of its schema.
  case manifestWireForm
  /// No count exceeds its limit.
  case limits
  /// Every required feature is known.
  case requiredFeature
  /// Names have 1 to 1024 bytes and no control characters.
  case name
  /// Directories ascend by name.
  case order
  /// Every enumerated field has a known value.
  case unknownValue
  /// Tensors have at most 8 dims, each from 1 to 2^40.
  case dims
  /// Type, layout and dims of a tensor go together.
  case typeAndLayout
  /// A tensor has the size that type, layout and dims give.
  case tensorSize
  /// Tensors begin at multiples of 64, expert blocks at multiples of 4096.
  case alignment
  /// Every extent lies inside the file.
  case outsideTheFile
  /// No two of header, manifest, tensors and blocks overlap.
  case overlappingExtents
  /// The widths of a bank are in range, and it has experts.
  case bankSizes
  /// Experts are f32, f16, bf16, int8 or absent.
  case expertEncoding
  /// A block has the size that its encoding and its bank give.
  case expertSize
  /// All fields of an absent expert are zero.
  case absentExpert
  /// Usage shares are from 0 to 1.
  case usage
  /// A signature has a model of 1 byte to 16 MiB.
  case signatureModel
  /// The preprocessing and tokenizer that a signature uses exist.
  case signatureReference
  /// Bounds of a symbolic dim are in range and in order.
  case dimensionBounds
  /// The fields of an image preprocessing are in range and go together.
  case imagePreprocessing
  /// The fields of a tokenizer are in range and go together.
  case tokenizer
  /// The tensors that a tokenizer names exist and have the right type and dims.
  case tokenizerTable
  /// The logit scale is finite, the embedding size in range.
  case modelValues
  /// A tensor's checksum is that of its bytes.
  case tensorChecksum
  /// A block's checksum is that of its bytes.
  case expertChecksum
  /// Bytes outside all extents are zero.
  case gapBytes
  /// Padding inside a tensor or a block is zero.
  case padding
  /// Codes are not -128, scales positive or zero, row sums the sums of the codes.
  case int8Codes
  /// Floats are finite, bools 0 or 1.
  case elementValues
  /// Piece offsets ascend through the pieces, piece types are known.
  case tokenizerContent

  /// For example `C20`.
  public var id: String { rawValue < 10 ? "C0\(rawValue)" : "C\(rawValue)" }

  /// In words, for example `overlapping extents`.
  public var name: String {
    switch self {
    case .headerSize: "header size"
    case .magic: "magic"
    case .headerChecksum: "header checksum"
    case .majorVersion: "major version"
    case .reservedBytes: "reserved bytes"
    case .fileSize: "file size"
    case .manifestPlace: "manifest place"
    case .manifestChecksum: "manifest checksum"
    case .manifestWireForm: "manifest wire form"
    case .limits: "limits"
    case .requiredFeature: "required feature"
    case .name: "name"
    case .order: "order"
    case .unknownValue: "unknown value"
    case .dims: "dims"
    case .typeAndLayout: "type and layout"
    case .tensorSize: "tensor size"
    case .alignment: "alignment"
    case .outsideTheFile: "outside the file"
    case .overlappingExtents: "overlapping extents"
    case .bankSizes: "bank sizes"
    case .expertEncoding: "expert encoding"
    case .expertSize: "expert size"
    case .absentExpert: "absent expert"
    case .usage: "usage"
    case .signatureModel: "signature model"
    case .signatureReference: "signature reference"
    case .dimensionBounds: "dimension bounds"
    case .imagePreprocessing: "image preprocessing"
    case .tokenizer: "tokenizer"
    case .tokenizerTable: "tokenizer table"
    case .modelValues: "model values"
    case .tensorChecksum: "tensor checksum"
    case .expertChecksum: "expert checksum"
    case .gapBytes: "gap bytes"
    case .padding: "padding"
    case .int8Codes: "int8 codes"
    case .elementValues: "element values"
    case .tokenizerContent: "tokenizer content"
    }
  }
}

extension ContainerRule: CustomStringConvertible {
  public var description: String { id + " " + name }
}
