import DRKit
import Testing

@testable import Simulator

@Suite("A campaign's draws")
struct CampaignDrawTests {
  static let seeds = UInt64(1)...600
  static let draws = seeds.map { CampaignDraw(seed: $0) }

  @Test("every fault is over before the calm cycles, whenever its phase begins")
  func ends() {
    for (seed, draw) in zip(Self.seeds, Self.draws) {
      let calm = draw.scenario.every * Int64(CampaignDraw.Frame.cycles - 3)
      for fault in draw.scenario.plan.faults {
        let latest = fault.at + (fault.window ?? .zero) + fault.after
        #expect(latest + fault.span <= calm, "seed \(seed): \(fault)")
        #expect((fault.during == nil) == (fault.window == nil), "seed \(seed): \(fault)")
      }
      #expect(draw.strikes.count < CampaignDraw.Frame.cycles - 3, "seed \(seed)")
    }
  }

  @Test("every kind of fault is drawn, every way to strike, and worlds of every shape")
  func covers() {
    let faults = Self.draws.flatMap(\.scenario.plan.faults)
    for kind in FaultDraw.kinds + MidRunDraw.kinds {
      #expect(faults.count { $0.kind == kind } > 10, "\(kind.rawValue)")
    }
    for phase in Phase.allCases where phase != .protect {
      #expect(faults.contains { $0.during == phase }, "\(phase.rawValue)")
    }
    let strikes = Self.draws.flatMap(\.strikes).compactMap { $0 }
    #expect(strikes.contains { $0.plan.freeze != nil } && strikes.contains { $0.losesLastRecord })
    #expect(strikes.contains { $0.plan.inFlight == .lost && $0.plan.freeze == nil })
    #expect(Set(Self.draws.map(\.scenario.plan.primary.subvolumes)) == [1, 2, 3])
    #expect(Self.draws.contains { !$0.scenario.plan.isSynced })
    #expect(Self.draws.contains { $0.scenario.plan.faults.isEmpty })
  }

  @Test("damage on the secondary's brick never falls between a comparison and the record of it")
  func damage() {
    for fault in Self.draws.flatMap(\.scenario.plan.faults)
    where fault.kind == .secondaryLosesShard || fault.kind == .secondaryTruncatesShard {
      #expect(fault.after == .zero)
      #expect([.preflight, .quiesce, .replicate, .merge].contains(fault.during))
    }
  }

  @Test("another draw elsewhere shifts none: the faults of a seed do not depend on its world")
  func stateless() throws {
    let base = try ScenarioFile.read("two-subvolumes-skewed.yaml")
    for seed in UInt64(1)...50 {
      let own = CampaignDraw(seed: seed)
      var other = base
      other.every = own.scenario.every
      let lent = CampaignDraw(seed: seed, base: other)
      #expect(own.strikes.map { $0?.plan.boundary } == lent.strikes.map { $0?.plan.boundary })
      #expect(own.scenario.plan.faults.map(\.at) == lent.scenario.plan.faults.map(\.at), "seed \(seed)")
    }
  }

  @Test("what guests and others do is drawn beside the faults, and shifts none of them")
  func midRun() {
    let kinds = Set(MidRunDraw.kinds)
    let some = Self.draws.count { $0.scenario.plan.faults.contains { kinds.contains($0.kind) } }
    #expect((240...360).contains(some))
    for draw in Self.draws {
      let faults = draw.scenario.plan.faults
      let mine = faults.filter { kinds.contains($0.kind) }
      #expect(mine.count <= 3 && Array(faults.suffix(mine.count)) == mine)
      let machines = draw.scenario.plan.machines.reduce(0) { $0 + $1.count }
      #expect(mine.allSatisfy { (1...machines).contains($0.machine ?? 0) })
      // The first one always runs: without it there might be nobody to snapshot.
      #expect(!mine.contains { $0.kind == .guestStarts && $0.machine == 1 })
    }
    // Their findings were of faults alone.
    for seed: UInt64 in [53, 4750, 4862] {
      #expect(!CampaignDraw(seed: seed).scenario.plan.faults.contains { kinds.contains($0.kind) })
    }
  }

  @Test("a spread length is within its range, and short as often as long")
  func spread() {
    let draws = Draws(Seed(1))
    let lengths = (0..<2_000).map { draws.spread("length", $0, seconds: 5...3_600) }
    #expect(lengths.allSatisfy { (5...3_600).contains($0) })
    #expect(lengths.count { $0 < 60 } > 500 && lengths.count { $0 > 600 } > 400)
    #expect(draws.spread("length", seconds: 5...5) == 5)
  }
}
