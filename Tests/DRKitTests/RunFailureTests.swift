import DRKit
import Testing

@Suite("A run in which something fails")
struct RunFailureTests {
  @Test("whose snapshot the engine gives up fails, asks for no other, merges those made and alerts")
  func vanishes() async throws {
    let world = SmallWorld(machines: 3) { $0.vanishing = [Sample.machine(2)] }
    let result = try await world.run()
    #expect(result.record.outcome == .failed)
    #expect(result.record.failure?.kind == .refused)
    #expect(result.record.failure?.subject == "vm2")
    #expect(result.record.leftOver == [])
    world.with { state in
      #expect(state.standing == [])
      #expect(state.removals == 1)
      #expect(state.events.map(\.severity) == [.alert])
      #expect(state.events.first?.externalStatus == .error)
      #expect(state.removedAtSecondary == [])
    }
  }

  @Test("whose clean-up can't be done says so in its record and in its alert")
  func undone() async throws {
    let refusal = DRError(.refused, "set features.read-only", reason: "the secondary's glusterd says no")
    let other = SmallWorld(machines: 1) {
      $0.corrupting = [$0.layout.volume(Sample.volume(11), of: Sample.disk(11))]
    }
    other.tripwire.arm(atAnswerOf: "journal.record seal.gate.off")
    _ = try? await other.run(1)
    other.tripwire.revive()
    other.catalogue.expireLeases()
    other.with { $0.openViews = 0 }
    other.tripwire.script("cluster.setReadOnly", [refusal])
    let result = try await other.run(2)
    #expect(result.record.outcome == .failed)
    #expect(result.record.leftOver.contains { $0.contains("could not be set read-only again") })
    let event = try #require(other.with { $0.events }.first)
    #expect(event.severity == .alert && event.description.contains("could not be set read-only again"))
    #expect(other.with { $0.standing } == [])
    // The next one finds it writable, and knows whose doing that is.
    try #require(other.with { !$0.secondaryIsReadOnly })
    #expect(try await other.run(3).record.leftOver == [])
    #expect(other.with { $0.secondaryIsReadOnly })
    // What somebody else opens afterwards stays open.
    other.with { $0.secondaryIsReadOnly = false }
    #expect(try await other.run(4).record.leftOver == [])
    #expect(other.with { !$0.secondaryIsReadOnly })
  }

  @Test("that can't read its journal decides nothing, and leaves the run to whoever can")
  func unreadableJournal() async throws {
    let world = SmallWorld(machines: 1)
    world.tripwire.arm(atAnswerOf: "journal.record quiesce.plan")
    _ = try? await world.run(1)
    world.tripwire.revive()
    world.catalogue.expireLeases()
    world.with { $0.openViews = 0 }
    world.journal.plant("{", for: StepKey(run: Sample.run(1), step: "quiesce.plan"))
    let error = await #expect(throws: DRError.self) { try await world.run(2) }
    #expect(error?.kind == .unreadable)
    #expect(world.catalogue.records.map(\.outcome) == [.running])
    #expect(world.journal.steps.contains { $0.hasPrefix("run.verdict") } == false)
    #expect(world.journal.steps.contains { $0.contains(".failure") } == false)
  }

  @Test("whose policy leaves a machine out seals the others, and says so in a warning")
  func leftOut() async throws {
    let world = SmallWorld(machines: 3) { $0.vanishing = [Sample.machine(2)] }
    var policy = SmallWorld.policy
    policy.onSnapshotFailure = .leaveOut
    let result = try await world.run(1, policy)
    #expect(result.record.outcome == .sealed)
    let point = try #require(result.point)
    #expect(point.images.map(\.machine) == [Sample.machine(1), Sample.machine(3)])
    #expect(point.leftOut.count == 1)
    #expect(point.leftOut.first?.hasPrefix("vm2: its snapshot failed") == true)
    let event = try #require(world.with { $0.events }.first)
    #expect(event.severity == .warning)
    #expect(event.externalStatus == .warning)
    #expect(event.description.contains("LEFT OUT: vm2"))
    #expect(world.with { $0.standing } == [])
  }

  @Test("that could snapshot no machine at all fails, whatever the policy")
  func noneLeft() async throws {
    let world = SmallWorld { $0.vanishing = [Sample.machine(1), Sample.machine(2)] }
    var policy = SmallWorld.policy
    policy.onSnapshotFailure = .leaveOut
    let result = try await world.run(1, policy)
    #expect(result.record.failure?.reason == "no machine could be snapshotted")
  }

  @Test("posts one event although the answer to the first post was lost")
  func duplicateEvent() async throws {
    let world = SmallWorld(machines: 1)
    world.tripwire.loseAnswer(of: "engine.post")
    let result = try await world.run()
    #expect(result.record.outcome == .sealed)
    #expect(result.record.failure == nil)
    #expect(world.with { $0.events.count } == 1)
  }

  @Test("that can't post its event keeps its point and says in its record what kept it silent")
  func silent() async throws {
    let world = SmallWorld(machines: 1)
    world.tripwire.script("engine.post", [DRError(.refused, "post", reason: "400")])
    let result = try await world.run()
    #expect(result.record.outcome == .sealed)
    #expect(result.record.failure?.reason == "400")
    #expect(world.catalogue.points.count == 1)
    #expect(world.catalogue.records.first?.failure?.reason == "400")
  }

  @Test("goes on without an OVF_STORE that could not be written: the manifest carries the configurations")
  func ovfStore() async throws {
    let world = SmallWorld(machines: 1)
    world.tripwire.script("engine.updateOVFStore", [DRError(.refused, "update", reason: "409")])
    let result = try await world.run()
    #expect(result.record.outcome == .sealed)
    let describe = try #require(result.record.phases.first { $0.phase == .describe })
    #expect(describe.note == "1 machine configuration(s); OVF_STORE could not be written: 409")
  }

  @Test("after a sealed one converges no more, and says in its alert what became of the sealed point")
  func secondRun() async throws {
    let corrupt = DomainLayout(Sample.domain).volume(Sample.volume(11), of: Sample.disk(11))
    let world = SmallWorld(machines: 1)
    let first = try await world.run(1)
    world.with { $0.corrupting = [corrupt] }
    let second = try await world.run(2)
    let converge = try #require(second.record.phases.first { $0.phase == .converge })
    #expect(converge.note == "not needed: a sealed point stands")
    #expect(second.record.outcome == .failed)
    #expect(second.standing == first.point)
    let text = try #require(world.with { $0.events }.last?.description)
    #expect(text.contains("the last sealed point is of run \(Sample.run(1))"))
    #expect(text.contains("but this run has overwritten it in part"))
  }

  @Test("and the next, which begins nothing, still says that the earlier one overwrote the point")
  func thirdRun() async throws {
    let corrupt = DomainLayout(Sample.domain).volume(Sample.volume(11), of: Sample.disk(11))
    let world = SmallWorld(machines: 1)
    _ = try await world.run(1)
    world.with { $0.corrupting = [corrupt] }
    _ = try await world.run(2)
    world.with { $0.mover.defect = "copies nothing" }
    #expect(try await world.run(3).record.outcome == .failed)
    let text = try #require(world.with { $0.events }.last?.description)
    #expect(text.contains("of run \(Sample.run(1)), but run \(Sample.run(2)) has overwritten it in part"))
    let point = try #require(try await world.catalogue.newestPoint(Sample.key))
    let overwriter = try await PointDoubt.overwriter(of: point, in: world.catalogue, world.journal)
    #expect(overwriter?.id == Sample.run(2))
  }

  @Test("before it replicated leaves the sealed point whole, and its alert does not say otherwise")
  func secondRunUnfit() async throws {
    let world = SmallWorld(machines: 1)
    _ = try await world.run(1)
    world.with { $0.mover.defect = "copies nothing" }
    let second = try await world.run(2)
    #expect(second.record.outcome == .failed)
    let text = try #require(world.with { $0.events }.last?.description)
    #expect(text.hasSuffix("the last sealed point is of run \(Sample.run(1))"))
  }

  @Test("after a failed one seals: what the failed one left is no hindrance")
  func recovers() async throws {
    let world = SmallWorld { $0.losesData = true }
    #expect(try await world.run(1).record.outcome == .failed)
    world.with { state in
      state.losesData = false
      // A new session with reset-sync-time: everything is carried again.
      for (path, bytes) in state.primary { state.write(path, bytes) }
    }
    let second = try await world.run(2)
    #expect(second.record.outcome == .sealed, "\(second.record.failure?.description ?? "-")")
    #expect(world.with { $0.violations } == [])
  }

  @Test("with several machines at once ends as one after the other does")
  func concurrently() async throws {
    let world = SmallWorld(machines: 12, disks: 2)
    var policy = SmallWorld.policy
    policy.concurrency = 5
    let result = try await world.run(1, policy)
    #expect(result.record.outcome == .sealed)
    #expect(result.point?.images.count == 24)
    #expect(result.point?.images.map(\.disk) == result.point?.images.map(\.disk).sorted())
    #expect(world.with { $0.standing } == [])
  }

  @Test("with no machine that runs seals a point of nothing, named as such")
  func nobody() async throws {
    let world = SmallWorld(machines: 0) { $0.addMachine(1, status: .down, disks: [11]) }
    let result = try await world.run()
    #expect(result.record.outcome == .sealed)
    #expect(result.point?.images == [])
    #expect(result.point?.notInPoint.count == 1)
  }
}
