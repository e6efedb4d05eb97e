import DRKit
import ForwardingPorts
import Testing

@testable import Simulator

@Suite("A campaign of random faults")
struct CampaignTests {
  /// Thousands are `drctl campaign`, in CI; here a few, and those that once were bad.
  @Test(
    "no law is broken, and every seed is put right in the end",
    arguments: Array(UInt64(1)...10) + [32, 53, 1761, 1982, 2217, 4136, 4139, 4475, 4750, 4862])
  func kept(seed: UInt64) {
    let outcome = Campaign().run(seed)
    #expect(outcome.isGood, "seed \(seed): \(outcome.reasons)")
    #expect(outcome.assessments > 0)
  }

  @Test("the same seed is the same outcome, to the trace; another one is another")
  func same() {
    let campaign = Campaign()
    #expect(campaign.run(7) == campaign.run(7))
    #expect(Set((UInt64(1)...4).map { campaign.run($0).trace }).count == 4)
  }

  @Test("a scenario lends its world, and none of its faults")
  func base() throws {
    let scenario = try ScenarioFile.read("secondary-loses-shard.yaml")
    let told = Campaign(scenario).report(1)
    #expect(told.draw.scenario.plan.machines == scenario.plan.machines)
    #expect(!told.draw.scenario.plan.faults.contains(scenario.plan.faults[0]))
  }

  @Test("a proof that looks at the primary twice is found")
  func plantedProof() throws {
    let campaign = Campaign(
      family: AlteredPorts.direct { $0.secondary = BlindSecondary(base: $0.secondary, primary: $0.primary) })
    let bad = try #require((UInt64(1)...60).lazy.map(campaign.run).first { !$0.isGood })
    #expect(bad.verdict == .broken && bad.reasons.contains { $0.contains("law 4") }, "\(bad.reasons)")
    // The seed shows it again, and shows nothing when the defect is gone.
    #expect(campaign.run(bad.seed) == bad)
    #expect(Campaign().run(bad.seed).isGood)
  }

  @Test("a program that takes Stopped for silence is found")
  func plantedSilence() throws {
    let campaign = Campaign(family: AlteredPorts.direct { $0.cluster = BlindCluster(base: $0.cluster) })
    let seeds = (UInt64(1)...400).lazy.filter { seed in
      CampaignDraw(seed: seed).scenario.plan.faults.contains {
        $0.kind == .monitorKilled && $0.during == .replicate
      }
    }
    let bad = try #require(seeds.map(campaign.run).first { !$0.isGood })
    #expect(bad.verdict == .broken && bad.reasons.contains { $0.contains("law 2") }, "\(bad.reasons)")
  }
}

/// Nobody is ever connected to the secondary's bricks, but who looks.
private struct BlindCluster: SecondaryCluster {
  let base: any SecondaryCluster

  func geometry() async throws(DRError) -> VolumeGeometry { try await base.geometry() }
  func setReadOnly(_ readOnly: Bool) async throws(DRError) { try await base.setReadOnly(readOnly) }
  func dataMover() async throws(DRError) -> DataMover { try await base.dataMover() }
  func clients() async throws(DRError) -> [BrickClients] {
    try await base.clients().map { brick in
      BrickClients(brick: brick.brick, clients: Array(brick.clients.suffix(1)))
    }
  }
}

/// Digests of the secondary are the primary's.
private struct BlindSecondary: SecondaryVolume {
  let base: any SecondaryVolume
  let primary: any PrimaryVolume

  func view() async throws(DRError) -> any VolumeView {
    BlindView(base: try await base.view(), primary: try await primary.view())
  }
}

private struct BlindView: ForwardingView {
  let base: any VolumeView
  /// Where its digests come from.
  let primary: any VolumeView

  func digests(of path: String, _ plan: DigestPlan) async throws(DRError) -> BlockDigests? {
    try await primary.digests(of: path, plan)
  }
  func digest(of path: String) async throws(DRError) -> FileDigest? { try await primary.digest(of: path) }
  func close() async {
    await base.close()
    await primary.close()
  }
}
