import DRKit
import Testing

@Suite("The merge of a run's snapshots")
struct MergeTests {
  /// Dies when the `n`-th answer of `call` is due, and lets the run be finished.
  private func killed(
    _ world: SmallWorld, atAnswerOf call: String, outage: TimeSpan = .minutes(2)
  ) async throws -> SyncRun.Result {
    world.tripwire.arm(atAnswerOf: call)
    let end = try await world.runToTheEnd(outage: outage)
    #expect(world.tripwire.fired == "\(call), answer")
    #expect(end.incarnations == 2)
    return end.result
  }

  @Test("which a dead incarnation had begun is waited for, not asked for again")
  func begunBefore() async throws {
    let world = SmallWorld(machines: 1) { $0.mergeTime = .minutes(40) }
    let result = try await killed(world, atAnswerOf: "engine.removeSnapshot")
    #expect(result.record.outcome == .sealed)
    #expect(result.record.leftOver == [])
    #expect(world.with { $0.standing } == [])
  }

  @Test("whose request got through and whose answer was lost is waited for, not asked for again")
  func answerLost() async throws {
    let world = SmallWorld(machines: 1)
    world.tripwire.loseAnswer(of: "engine.removeSnapshot")
    let result = try await world.run()
    #expect(result.record.outcome == .sealed)
    #expect(result.record.leftOver == [])
    #expect(world.with { $0.removals } == 1)
  }

  @Test("waits for a snapshot that is still being made when the run has failed")
  func stillLocked() async throws {
    let world = SmallWorld(machines: 1) { $0.snapshotTime = .minutes(25) }
    let result = try await world.run()
    #expect(result.record.failure?.kind == .timedOut)
    #expect(result.record.leftOver == [])
    #expect(world.with { $0.standing } == [])
  }

  @Test("that fails twice is tried a third time")
  func failsTwice() async throws {
    let world = SmallWorld { $0.mergeFailures[Sample.machine(1)] = 2 }
    let result = try await world.run()
    #expect(result.record.outcome == .sealed)
    #expect(result.record.leftOver == [])
    #expect(world.with { $0.removals } == 4)
  }

  @Test("that fails for ever leaves the snapshot named in the record and in an alert; the point stands")
  func failsForEver() async throws {
    let world = SmallWorld { $0.mergeFailures[Sample.machine(1)] = .max }
    let result = try await world.run()
    #expect(result.record.outcome == .sealed)
    #expect(result.point != nil)
    let name = "vm1: snapshot \"drkit run \(Sample.run(1)) data@b1\""
    #expect(result.record.leftOver == [name])
    let event = try #require(world.with { $0.events }.first)
    #expect(event.severity == .alert)
    #expect(event.externalStatus == .error)
    #expect(event.description.contains("still standing: \(name)"))
  }

  @Test("left undone is done by the next run before it stacks a second overlay")
  func adopted() async throws {
    let world = SmallWorld { $0.mergeFailures[Sample.machine(1)] = 3 }
    #expect(try await world.run(1).record.leftOver.count == 1)
    let next = try await world.run(2)
    #expect(next.record.outcome == .sealed)
    #expect(next.record.leftOver == [])
    #expect(next.record.phases.first?.note == "merged the snapshots of earlier runs on 1 machine(s)")
    #expect(world.with { $0.standing } == [])
  }

  @Test("that the engine refuses for ever to the next run, too, keeps that run from beginning")
  func notAdopted() async throws {
    let world = SmallWorld { $0.mergeFailures[Sample.machine(1)] = .max }
    _ = try await world.run(1)
    let next = try await world.run(2)
    #expect(next.record.outcome == .failed)
    #expect(next.record.phases.map(\.phase) == [.adopt, .merge, .report])
    #expect(next.record.failure?.operation == "merge a leftover")
    #expect(world.with { $0.standing.count } == 1)
  }

  @Test("asks again only after a while when the engine refused")
  func refused() async throws {
    let world = SmallWorld(machines: 1)
    world.tripwire.script(
      "engine.removeSnapshot",
      Array(repeating: DRError(.refused, "remove", reason: "409 a backup is in progress"), count: 2))
    let result = try await world.run()
    #expect(result.record.leftOver == [])
    let waits = world.clock.slept.filter { $0 == SmallWorld.policy.mergePause }
    #expect(waits.count == 2)
  }

  @Test("has nothing to do on a machine that was deleted in mid-run")
  func machineDeleted() async throws {
    let world = SmallWorld()
    world.tripwire.arm(atAnswerOf: "catalogue.savePoint")
    let end = try await world.runToTheEnd { state in
      state.machines.removeAll { $0.machine.id == Sample.machine(2) }
    }
    #expect(end.result.record.outcome == .sealed)
    #expect(end.result.record.leftOver == [])
  }

  @Test("removes both snapshots when a lost answer made two of one description")
  func twins() async throws {
    let world = SmallWorld(machines: 1) { state in
      let old = "drkit run \(Sample.run(9)) data@b1"
      for n in [UInt64(7), 8] {
        let id = SnapshotID(high: 0x4444_0001, low: n)
        state.machines[0].snapshots.append(
          WorldSnapshot(snapshot: Snapshot(id: id, description: old, status: .ok), frozen: [:], overlays: []))
      }
    }
    let result = try await world.run()
    #expect(result.record.outcome == .sealed)
    #expect(result.record.phases.first?.note == "merged the snapshots of earlier runs on 1 machine(s)")
    #expect(world.with { $0.standing } == [])
    #expect(world.with { $0.removals } == 3)
  }
}
