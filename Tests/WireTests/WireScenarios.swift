import DRKit
import Foundation
import Simulator
import Testing

@testable import Wire

@Suite("Scenarios through the wire: the real adapters over documents, in virtual time")
struct WireScenarios {
  /// More seeds than one with `DRKIT_SEEDS=n`.
  @Test("each keeps what it promises, and its faults bite", arguments: ScenarioFile.names)
  func kept(name: String) throws {
    let seeds = ProcessInfo.processInfo.environment["DRKIT_SEEDS"].flatMap(UInt64.init) ?? 1
    for seed in 1...max(1, seeds) {
      let report = ScenarioRunner(try ScenarioFile.read(name), seed: seed, family: wire).run()
      #expect(report.verdict == .kept, "seed \(seed): \(report.reasons.joined(separator: "\n"))")
    }
  }

  @Test("the same seed is the same run: trace, report and timeline", arguments: [UInt64(1), 2, 3])
  func same(seed: UInt64) {
    let first = ScenarioRunner(smallScenario(), seed: seed, family: wire).run()
    let second = ScenarioRunner(smallScenario(), seed: seed, family: wire).run()
    #expect(first == second)
    #expect(first.worldEvents > 0 && first.wakeUps > 0)
    #expect(first.verdict == .kept, "\(first.reasons)")
  }

  @Test("another seed is another run, and so is the wire")
  func different() {
    let traces = (UInt64(1)...4).map { ScenarioRunner(smallScenario(), seed: $0, family: wire).run().trace }
    #expect(Set(traces).count == 4)
    // Each command and each request is a call of its own: the wire has more boundaries.
    var scenario = smallScenario()
    scenario.plan.faults = []
    let direct = ScenarioRunner(scenario, seed: 1).run()
    let through = ScenarioRunner(scenario, seed: 1, family: wire).run()
    #expect(direct.trace != through.trace)
    #expect(direct.wakeUps < through.wakeUps)
  }

  @Test("killed at any of many boundaries, the next life ends it well", arguments: 0..<12)
  func crashes(part: Int) {
    var scenario = smallScenario()
    scenario.plan.faults = []
    scenario.expectations = [.lawsKept, .sealed(1), .leftOverSnapshots(0)]
    for inFlight in InFlight.allCases {
      let boundary = UInt64(1 + part * 61 + (inFlight == .lost ? 0 : 19))
      let plan = CrashPlan(boundary: boundary, inFlight: inFlight)
      let report = ScenarioRunner(scenario, seed: 7, strikes: [LifeStrike(plan)], family: wire).run()
      #expect(report.verdict == .kept, "boundary \(boundary), \(inFlight): \(report.reasons)")
      #expect(report.timeline.contains { $0.text.contains("life 1 ended") })
    }
  }
}
