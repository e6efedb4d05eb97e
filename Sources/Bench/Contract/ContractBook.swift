import DRKit

/// What became of one contract.
public struct ContractRow: Hashable, Sendable, Codable {
  public enum Verdict: String, Hashable, Sendable, Codable {
    case kept, broken
  }

  public var contract: Contract
  public var verdict: Verdict
  /// What was seen; for a human.
  public var seen: String

  public init(_ contract: Contract, _ verdict: Verdict, _ seen: String) {
    self.contract = contract
    self.verdict = verdict
    self.seen = seen
  }
}

/// What was found of each contract so far.
public struct ContractBook: Hashable, Sendable {
  private var found: [Contract: ContractRow] = [:]
  /// Errors that ended a chapter: why contracts were not tried.
  public private(set) var troubles: [String] = []

  public init() {}

  /// Several judgements of one contract are kept only if each is.
  mutating func judge(_ contract: Contract, _ isKept: Bool, _ seen: String) {
    let verdict = isKept ? ContractRow.Verdict.kept : .broken
    guard let known = found[contract] else {
      found[contract] = ContractRow(contract, verdict, seen)
      return
    }
    found[contract] = ContractRow(
      contract, known.verdict == .kept ? verdict : .broken, "\(known.seen); \(seen)")
  }

  mutating func trouble(_ chapter: String, _ error: DRError) { troubles.append("\(chapter): \(error)") }

  /// A row for each of the contracts, in the table's order: one that nobody judged is broken.
  public func rows(of contracts: [Contract] = Contract.allCases) -> [ContractRow] {
    let why = troubles.isEmpty ? "" : " (\(troubles.joined(separator: "; ")))"
    return contracts.map { found[$0] ?? ContractRow($0, .broken, "not tried\(why)") }
  }
}
