import DRKit
import Testing

@Suite("The clean-up of what syncs left at the engine")
struct CleanupTests {
  private static let ours = "drkit run \(Sample.run(7)) \(Sample.key)"

  private func world(
    _ snapshots: [(machine: Int, description: String)], _ edit: (inout WorldState) -> Void = { _ in }
  ) -> SmallWorld {
    SmallWorld { state in
      for (n, planted) in snapshots.enumerated() {
        let snapshot = Snapshot(
          id: SnapshotID(high: 0x5555_0000, low: UInt64(n) + 1), description: planted.description, status: .ok
        )
        state.machines[planted.machine - 1].snapshots.append(
          WorldSnapshot(snapshot: snapshot, frozen: [:], overlays: []))
      }
      edit(&state)
    }
  }

  private func cleanup(_ world: SmallWorld) -> Cleanup {
    Cleanup(ports: world.ports, target: SmallWorld.target, policy: SmallWorld.policy)
  }

  private func all(_ world: SmallWorld) async throws -> Cleanup.Outcome {
    let cleanup = cleanup(world)
    return try await cleanup.merge(try await cleanup.look().mergeable, owner: Sample.run(99))
  }

  @Test("merges drkit's, vmbackup's and the engine's, and sees no administrator's own")
  func everybodys() async throws {
    let world = world([
      (1, Self.ours), (1, "GLUSTER-Geo-rep-snapshot"), (2, "vm2data-TMPDR"), (2, "before the upgrade"),
      (2, "GLUSTER-Geo-rep-snapshot (kept)"), (1, "vm2data-TMPDR"), (2, "drkit run 7 data@b1"),
    ])
    let found = try await cleanup(world).look()
    #expect(found.leftovers.map(\.maker) == [.drkit, .vmbackup, .engineSync])
    #expect(found.session == nil)
    let outcome = try await all(world)
    #expect(outcome.merged.count == 3 && outcome.standing == [])
    #expect(
      world.with { $0.standing } == [
        "vm1: vm2data-TMPDR", "vm2: before the upgrade", "vm2: GLUSTER-Geo-rep-snapshot (kept)",
        "vm2: drkit run 7 data@b1",
      ])
    #expect(world.catalogue.holder(of: Sample.key) == nil)
  }

  @Test("looks without changing anything")
  func looks() async throws {
    let world = world([(1, Self.ours)])
    _ = try await cleanup(world).look()
    #expect(world.with { $0.standing.count } == 1 && world.with { $0.removals } == 0)
  }

  @Test("refuses another destination's, and names where it belongs")
  func otherKey() async throws {
    let world = world([(1, "drkit run \(Sample.run(7)) data@elsewhere")])
    let found = try await cleanup(world).look()
    #expect(found.mergeable == [])
    #expect(found.leftovers.first?.refusal?.contains("another destination") == true)
  }

  @Test(
    "refuses others' while a worker of the session shows: their maker may be at work; drkit's it may merge")
  func sessionRuns() async throws {
    let world = world([(1, Self.ours), (2, "GLUSTER-Geo-rep-snapshot")])
    try await world.ports.georep.start()
    let found = try await cleanup(world).look()
    #expect(found.session != nil)
    #expect(found.mergeable.map(\.maker) == [.drkit])
    #expect(try await all(world).merged.map(\.maker) == [.drkit])
    #expect(world.with { $0.standing } == ["vm2: GLUSTER-Geo-rep-snapshot"])
  }

  @Test("leaves an unfinished run's snapshots to the run")
  func unfinished() async throws {
    let world = SmallWorld(machines: 1)
    world.tripwire.arm(atAnswerOf: "engine.removeSnapshot")
    await #expect(throws: DRError.self) { try await world.run(1) }
    world.tripwire.revive()
    world.catalogue.expireLeases()
    world.clock.pass(.hours(1))
    let planted = Snapshot(id: SnapshotID(high: 0x5555_0000, low: 1), description: Self.ours, status: .ok)
    world.with {
      $0.machines[0].snapshots.append(WorldSnapshot(snapshot: planted, frozen: [:], overlays: []))
    }
    let found = try await cleanup(world).look()
    #expect(found.unfinishedRun == Sample.run(1))
    #expect(found.mergeable == [] && found.leftovers.count == 1)
    #expect(found.leftovers.first?.remedy.contains("drctl sync") == true)
  }

  @Test("does nothing while a run holds the lease")
  func busy() async throws {
    let world = world([(1, Self.ours)])
    let cleanup = cleanup(world)
    let shown = try await cleanup.look().mergeable
    try await world.catalogue.takeLease(
      Sample.key, owner: Sample.run(50), now: world.clock.now, until: world.clock.now + .minutes(1))
    let error = await #expect(throws: DRError.self) { try await cleanup.merge(shown, owner: Sample.run(99)) }
    #expect(error?.kind == .busy)
    #expect(world.with { $0.standing.count } == 1)
  }

  @Test("says which snapshot the engine failed to merge, and goes on with the others")
  func fails() async throws {
    let world = world([(1, Self.ours), (2, Self.ours)]) { $0.mergeFailures[Sample.machine(1)] = .max }
    let outcome = try await all(world)
    #expect(outcome.standing.map(\.machineName) == ["vm1"])
    #expect(outcome.standing.first?.refusal == "the engine failed to merge it")
    #expect(outcome.merged.map(\.machineName) == ["vm2"])
  }

  @Test("judges again before each: what was shown and is another's now stays")
  func judgesAgain() async throws {
    let world = world([(1, Self.ours), (2, "GLUSTER-Geo-rep-snapshot")])
    let cleanup = cleanup(world)
    let shown = try await cleanup.look().mergeable
    #expect(shown.count == 2)
    try await world.ports.georep.start()
    world.with { $0.machines[0].snapshots = [] }
    let outcome = try await cleanup.merge(shown, owner: Sample.run(99))
    #expect(outcome.merged.map(\.machineName) == ["vm1"])
    #expect(outcome.standing.map(\.machineName) == ["vm2"])
    #expect(world.with { $0.removals } == 0)
  }
}
