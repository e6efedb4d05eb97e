import Bench
import DRKit
import Simulator
import Synchronization
import Testing
import Wire

/// How the suite reaches a simulated world.
enum SimulatedArm: String, CaseIterable, CustomTestStringConvertible {
  case ports = "simulated ports, two replica sets"
  case portsOfOneBrick = "simulated ports, one brick a side"
  case wire = "through the wire, two replica sets"
  case wireOfOneBrick = "through the wire, one brick a side"

  var testDescription: String { rawValue }

  private static let ran = Mutex<[SimulatedArm: [ContractRow]]>([:])

  /// The rows of one run, which every test of the arm looks at.
  func rows() throws -> [ContractRow] {
    try Self.ran.withLock { ran in
      if let known = ran[self] { return known }
      let rows = try arm(seed: 1).rows()
      ran[self] = rows
      return rows
    }
  }

  func arm(seed: UInt64) -> SimulatedContractArm {
    var plan = SimulatedContractArm.site
    if self == .portsOfOneBrick || self == .wireOfOneBrick {
      plan.primary.subvolumes = 1
      plan.primary.replica = 1
    }
    guard self == .wire || self == .wireOfOneBrick else { return SimulatedContractArm(plan, seed: seed) }
    return SimulatedContractArm(plan, seed: seed) { WirePorts(world: $0, store: $1) }
  }
}

extension Contract: CustomTestStringConvertible {
  public var testDescription: String { rawValue }
}

@Suite("Every port keeps its contracts in a simulated world")
struct ContractTests {
  @Test("each of them", arguments: SimulatedArm.allCases, Contract.allCases)
  func kept(arm: SimulatedArm, contract: Contract) throws {
    let row = try #require(try arm.rows().first { $0.contract == contract })
    #expect(row.verdict == .kept, "\(row.seen)")
  }

  @Test("with other seeds, too: latencies, orders and ids are others", arguments: SimulatedArm.allCases)
  func seeds(arm: SimulatedArm) throws {
    for seed: UInt64 in 2...3 {
      for row in try arm.arm(seed: seed).rows() where row.verdict == .broken {
        Issue.record("seed \(seed): \(row.contract.rawValue): \(row.seen)")
      }
    }
  }

  @Test("a run has one row for each contract of the table, in its order, and the same twice")
  func table() throws {
    let rows = try SimulatedArm.wire.rows()
    #expect(rows.map(\.contract) == Contract.allCases)
    #expect(try SimulatedArm.wire.arm(seed: 1).rows() == rows)
    #expect(Set(Contract.allCases.map(\.port)).count == 8)
    #expect(Contract.allCases.allSatisfy { !$0.promise.isEmpty && $0.promise.hasPrefix(" ") == false })
  }

  @Test("what nobody judged is broken, and says why")
  func notTried() {
    let row = ContractBook().rows(of: [.stopTwice])[0]
    #expect(row.verdict == .broken && row.seen == "not tried")
  }
}
