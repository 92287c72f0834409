internal import Foundation

/// What quantising did and what it cost. Every signal-to-noise ratio (SNR) is 10 log10(sum of squared weights
/// / sum of squared errors), in dB, over all weights of what it stands at, padding and biases apart; nil
/// where nothing was quantised or nothing was lost.
public struct QuantizationReport: Sendable, Encodable {
  public var experts: String
  public var dense: String
  /// Of the whole file, as `bytesAfter`.
  public var bytesBefore = 0
  public var bytesAfter = 0
  public var banks: [Bank] = []
  /// Tensors whose type changed, in the order of the file.
  public var tensors: [Tensor] = []
  /// The rows of lowest SNR, the lowest first; at most 16.
  public var worstRows: [Row] = []

  public struct Bank: Sendable, Encodable {
    public var name: String
    public var experts: [Expert] = []
    public var snr: Double?
    public var bytesBefore = 0
    public var bytesAfter = 0

    enum CodingKeys: String, CodingKey {
      case name, experts
      case snr = "snr_db"
      case bytesBefore = "bytes_before"
      case bytesAfter = "bytes_after"
    }
  }

  public struct Expert: Sendable, Encodable {
    public var index: Int
    /// Element types; nil: absent.
    public var from: String?
    public var to: String?
    public var snr: Double?
    public var worstRow: Row?
    /// Rows that are not zero, but too small for a scale.
    public var zeroedRows = 0
    public var bytesBefore = 0
    public var bytesAfter = 0

    enum CodingKeys: String, CodingKey {
      case index, from, to
      case snr = "snr_db"
      case worstRow = "worst_row"
      case zeroedRows = "zeroed_rows"
      case bytesBefore = "bytes_before"
      case bytesAfter = "bytes_after"
    }
  }

  public struct Tensor: Sendable, Encodable {
    public var name: String
    public var from: String
    public var to: String
    public var snr: Double?
    public var worstRow: Row?
    public var zeroedRows = 0
    public var bytesBefore = 0
    public var bytesAfter = 0

    enum CodingKeys: String, CodingKey {
      case name, from, to
      case snr = "snr_db"
      case worstRow = "worst_row"
      case zeroedRows = "zeroed_rows"
      case bytesBefore = "bytes_before"
      case bytesAfter = "bytes_after"
    }
  }

  /// One row (output) of a matrix, or one row of a table.
  public struct Row: Sendable, Encodable, Equatable {
    /// A bank's, with `expert` and `matrix` (first, gate or second); or a tensor's.
    public var bank: String?
    public var expert: Int?
    public var matrix: String?
    public var tensor: String?
    public var row: Int
    public var snr: Double

    enum CodingKeys: String, CodingKey {
      case bank, expert, matrix, tensor, row
      case snr = "snr_db"
    }
  }

  enum CodingKeys: String, CodingKey {
    case experts, dense, banks, tensors
    case bytesBefore = "bytes_before"
    case bytesAfter = "bytes_after"
    case worstRows = "worst_rows"
  }

  init(_ options: QuantizationOptions) {
    experts = options.experts.rawValue
    dense = options.dense.rawValue
  }
}

/// 10 log10(signal / noise); nil without noise.
func decibels(signal: Double, noise: Double) -> Double? {
  noise > 0 && signal > 0 ? 10 * log10(signal / noise) : nil
}
