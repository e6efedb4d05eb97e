import DRKit
import Testing

@testable import Simulator

/// The production pipeline on the simulated world.
@Suite("Simulated world: cycles of the production pipeline")
struct WorldCycles {
  static func plan(machines: Int = 3) -> WorldPlan {
    var plan = WorldPlan()
    plan.machines = [
      WorldPlan.Machines(count: machines, disk: 2 << 30, rate: 1 << 20, block: 256 << 10, skew: 0.9)
    ]
    return plan
  }

  static func scenario(cycles: Int = 2, plan: WorldPlan = plan()) -> Scenario {
    Scenario(
      name: "test", extent: .cycles(cycles), plan: plan, every: .minutes(30),
      expectations: [.lawsKept, .sealed(cycles), .leftOverSnapshots(0)])
  }

  @Test("plain cycles seal true points and leave nothing")
  func plain() {
    let report = ScenarioRunner(Self.scenario(), seed: 1).run()
    #expect(report.verdict == .kept, "\(report.reasons)")
  }
}
