import DRKit
import Testing

@testable import Simulator

@Suite("Scenarios: the same seed is the same run")
struct ScenarioDeterminism {
  static func scenario() -> Scenario {
    var plan = WorldPlan()
    plan.primary.subvolumes = 2
    plan.primary.replica = 3
    plan.session.shard = .milliseconds(50)
    plan.machines = [WorldPlan.Machines(count: 2, disk: 1 << 30, rate: 64 << 10, block: 64 << 10, skew: 0.9)]
    plan.faults = [
      WorldFault(.portUnreachable, at: .zero, for: .hours(1), chance: Chance(0.02)),
      WorldFault(.liveCrawlStall, at: .zero, for: .hours(1), chance: Chance(0.5)),
    ]
    return Scenario(
      name: "determinism", extent: .cycles(1), plan: plan, every: .minutes(30),
      expectations: [.lawsKept, .leftOverSnapshots(0)])
  }

  @Test("trace, report and timeline are equal", arguments: [UInt64(1), 2, 3])
  func same(seed: UInt64) {
    let first = ScenarioRunner(Self.scenario(), seed: seed).run()
    let second = ScenarioRunner(Self.scenario(), seed: seed).run()
    #expect(first == second)
    #expect(first.worldEvents > 0 && first.wakeUps > 0)
  }

  @Test("another seed is another run")
  func different() {
    let traces = (UInt64(1)...4).map { ScenarioRunner(Self.scenario(), seed: $0).run().trace }
    #expect(Set(traces).count == 4)
  }

  @Test("killed at any of many boundaries, the next life ends it well", arguments: 0..<12)
  func crashes(part: Int) {
    var scenario = Self.scenario()
    scenario.plan.faults = []
    scenario.expectations = [.lawsKept, .sealed(1), .leftOverSnapshots(0)]
    for inFlight in InFlight.allCases {
      let boundary = UInt64(1 + part * 53 + (inFlight == .lost ? 0 : 17))
      let strike = LifeStrike(CrashPlan(boundary: boundary, inFlight: inFlight))
      let report = ScenarioRunner(scenario, seed: 7, strikes: [strike]).run()
      #expect(report.verdict == .kept, "boundary \(boundary), \(inFlight): \(report.reasons)")
    }
  }
}
