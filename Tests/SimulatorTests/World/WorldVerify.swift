import DRKit
import StrictYAML
import Testing

@testable import Simulator

/// What each level of `verify` sees, and what it does not, measured on the simulated world.
@Suite("Simulated world: how much of the content is compared")
struct WorldVerify {
  /// One image of 1024 shards; the second cycle loses one of them.
  private func scenario(_ verify: String) throws -> Scenario {
    try ScenarioReader.read(
      """
      scenario: lost
      about: One shard never arrives.
      cycles: 2
      session: { shard-cost: 100ms }
      machines:
        - { count: 1, disk: 64GiB, writes: { rate: 64KiB/s, block: 64KiB } }
      sync: { every: 30m, verify: \(verify) }
      faults:
        - { at: 20m, fault: changelog.loses-shard, for: 15m, machine: 1 }
      expect:
        - laws: kept

      """, file: "lost.yaml")
  }

  @Test("full sees every loss")
  func full() throws {
    for seed in 1...10 as ClosedRange<UInt64> {
      let report = ScenarioRunner(try scenario("full"), seed: seed).run()
      #expect(report.failed == 1 && report.violations == [], "seed \(seed): \(report.reasons)")
      let failure = report.runs.compactMap(\.failure).joined()
      #expect(failure.contains("of 1024 shards compared differ"), "seed \(seed): \(failure)")
    }
  }

  @Test("256 of 1024 shards see one loss in four, as the manifest says; the oracle sees the rest")
  func sampled() throws {
    let scenario = try scenario("{ sampled: 256 }")
    var seen = 0
    let seeds = 80
    for seed in 1...UInt64(seeds) {
      let report = ScenarioRunner(scenario, seed: seed).run()
      let isSeen = report.failed > 0
      let isBelieved = report.violations.contains { $0.law == .sealedByProofOnly }
      #expect(isSeen != isBelieved, "seed \(seed): \(report.reasons)")
      seen += isSeen ? 1 : 0
    }
    // 20 on average; four standard deviations are 15.5.
    #expect((5...35).contains(seen), "\(seen)")
  }

  @Test("samples take less time than every byte")
  func time() throws {
    func sealing(_ verify: VerifyLevel) throws -> TimeSpan {
      var scenario = WorldCycles.scenario(cycles: 1)
      scenario.policy.verify = verify
      scenario.plan.digestRate = 16 << 20
      let report = ScenarioRunner(scenario, seed: 1).run()
      #expect(report.verdict == .kept, "\(report.reasons)")
      let seal = try #require(report.runs.first?.phases.first { $0.phase == .seal })
      return seal.ended - seal.began
    }
    let (full, sampled) = (try sealing(.full), try sealing(.sampled(blocks: 4)))
    // 2 GiB at 16 MiB/s are 128 s; 4 of its 32 shards are 16 s.
    #expect(full > .seconds(128) && sampled < full - .seconds(100), "\(full), \(sampled)")
  }
}
