internal import LimequatBytes
internal import LimequatContainer
internal import LimequatGraph

/// One number for each expert of a model, bank after bank, and the order in which layers come.
///
/// The order is that of the SparseMoE nodes of the graphs: banks are numbered by name, where "block_10" comes
/// before "block_2".
struct ExpertNumbering: ~Copyable {
  /// Of each bank; behind the last one the number of all experts.
  private let starts: Table<Int>
  /// The banks in the order of layers, and the place of each bank in it.
  private let order: Table<Int>
  private let places: Table<Int>

  private init(starts: consuming Table<Int>, order: consuming Table<Int>, places: consuming Table<Int>) {
    self.starts = starts
    self.order = order
    self.places = places
  }

  static func make(
    _ container: Container, _ signatures: borrowing Table<SignatureModel>
  ) throws(RuntimeError) -> ExpertNumbering {
    let banks = container.bankCount
    var starts = try Allocation.table(capacity: banks + 1) as Table<Int>
    var order = try Allocation.table(capacity: banks) as Table<Int>
    var places = try Allocation.table(repeating: -1, count: banks) as Table<Int>
    var total = 0
    for bank in 0..<banks {
      starts.append(total)
      total += container.bank(at: bank)?.expertCount ?? 0  // an entry of the manifest each
    }
    starts.append(total)
    func add(_ bank: Int, _ order: inout Table<Int>, _ places: inout Table<Int>) {
      guard places[bank] == -1 else { return }
      places.replace(bank, with: order.count)
      order.append(bank)
    }
    for index in 0..<signatures.count {
      guard let graph = signatures[index]?.graph else { continue }
      for node in 0..<graph.nodeCount {
        try Allocation.check()
        guard case .sparseMoE(let name, _)? = graph.node(at: node)?.op, let bank = container.bankIndex(name)
        else { continue }
        add(bank, &order, &places)
      }
    }
    for bank in 0..<banks { add(bank, &order, &places) }  // those that no graph uses
    return ExpertNumbering(starts: starts, order: order, places: places)
  }

  /// Of all experts.
  var count: Int { starts[starts.count - 1] ?? 0 }
  var bankCount: Int { order.count }

  func first(of bank: Int) -> Int { starts[bank] ?? 0 }
  func experts(of bank: Int) -> Range<Int> { first(of: bank)..<(starts[bank + 1] ?? first(of: bank)) }

  /// The bank that comes `distance` layers later; after the last one comes the first.
  func bank(after bank: Int, distance: Int) -> Int {
    order[((places[bank] ?? 0) + distance) % max(1, order.count)] ?? 0
  }
}
