import DRKit
import Testing

/// Law 6: the executor dies, the primary site with it, the domain is imported at the other engine, the executor comes back.
@Suite("A secondary that went live while no executor was there")
struct LiveSecondaryTests {
  private func killed(
    atAnswerOf call: String, nth: Int = 1, _ meanwhile: (inout WorldState) -> Void
  ) async throws -> (SmallWorld, SyncRun.Result) {
    let world = SmallWorld()
    world.tripwire.arm(atAnswerOf: call, nth: nth)
    let end = try await world.runToTheEnd(meanwhile: meanwhile)
    #expect(world.tripwire.fired == "\(call), answer")
    return (world, end.result)
  }

  private static func goLive(_ state: inout WorldState) {
    state.secondary[state.layout.metadata] = Sample.domainMetadata(
      pools: "bbbbbbbb-0000-4000-8000-000000000002")
    state.secondaryIsReadOnly = false
  }

  @Test(
    "is not touched by the incarnation that resumes",
    arguments: [
      ("engine.updateOVFStore", 1), ("engine.createSnapshot", 2), ("georep.setCheckpoint", 2),
      ("georep.stop", 2), ("cluster.setReadOnly", 1), ("cluster.setReadOnly", 3), ("cluster.setReadOnly", 5),
      ("secondary.replace", 1), ("secondary.replace", 2), ("secondary.replace", 3), ("secondary.remove", 2),
      ("secondary.remove", 6), ("secondary.digest", 1), ("secondary.replace", 5),
    ])
  func isNotTouched(_ call: String, _ nth: Int) async throws {
    let (world, result) = try await killed(atAnswerOf: call, nth: nth, LiveSecondaryTests.goLive)
    #expect(result.record.outcome == .failed)
    #expect(result.record.failure?.kind == .unfit)
    #expect(result.record.failure?.reason.contains("attached to pool bbbbbbbb") == true)
    world.with { state in
      #expect(state.violations == [])
      #expect(!state.secondaryIsReadOnly, "its machines would stop")
      #expect(state.standing == [], "the primary's snapshots are merged all the same")
      #expect(state.events.map(\.severity) == [.alert])
    }
  }

  @Test(
    "is not overwritten after it was detached again, unless that is asked for; before the first point it may be"
  )
  func detached() async throws {
    let world = SmallWorld(machines: 1)
    _ = try await world.run(1)
    world.with { $0.secondary[$0.layout.metadata] = Sample.domainMetadata(pools: "") }
    let refused = try await world.run(2)
    #expect(refused.record.failure?.subject == "secondary-idle")
    #expect(refused.record.failure?.remedy.contains("--overwrite-detached") == true)
    var policy = SmallWorld.policy
    policy.overwritesDetached = true
    #expect(try await world.run(3, policy).record.outcome == .sealed)
    let fresh = SmallWorld(machines: 1) {
      $0.secondary[$0.layout.metadata] = Sample.domainMetadata(pools: "")
    }
    #expect(try await fresh.run(1).record.outcome == .sealed)
  }

  @Test("is refused by preflight, before anything is done")
  func preflight() async throws {
    let world = SmallWorld(machines: 1, LiveSecondaryTests.goLive)
    let result = try await world.run()
    #expect(result.record.failure?.kind == .unfit)
    #expect(result.record.failure?.subject == "secondary-idle")
    #expect(world.with { $0.starts } == 0)
    #expect(world.with { $0.violations } == [])
  }
}
