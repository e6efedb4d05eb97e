import DRKit
import Testing

@Suite("A repair of a diverged destination")
struct RepairRunTests {
  private let base11 = DomainLayout(Sample.domain).volume(Sample.volume(11), of: Sample.disk(11))

  private var repairing: SyncPolicy {
    var policy = SmallWorld.policy
    policy.repairs = true
    policy.verify = .sampled(blocks: 1)
    return policy
  }

  private func diverged(
    machines: Int = 1, _ edit: (inout WorldState) -> Void = { _ in }
  ) async throws -> SmallWorld {
    let world = SmallWorld(machines: machines) { state in
      state.corrupting = [base11]
      edit(&state)
    }
    _ = try await world.run(9)
    try #require(world.catalogue.divergence != nil)
    return world
  }

  @Test("renews the session with its options, carries everything, proves every byte and clears the mark")
  func heals() async throws {
    let world = try await diverged(machines: 2)
    let result = try await world.run(1, repairing)
    #expect(result.record.outcome == .sealed && result.divergence == nil)
    #expect(
      result.point?.diverged == nil && result.point?.images.compactMap(\.proof?.level) == [.full, .full])
    world.with { state in
      #expect(state.deletions == 1 && state.sessionExists && state.violations == [])
      #expect(state.settings.first == SessionSetting("sync_jobs", "5"))
      #expect(state.secondaryIsReadOnly && state.standing == [])
      #expect(state.events.last?.severity == .normal)
      #expect(state.events.last?.description.contains("REPAIRED, everything") == true)
    }
    // The next is a plain run again.
    let next = try await world.run(2)
    #expect(next.record.outcome == .sealed && next.point?.diverged == nil)
    #expect(world.with { $0.deletions } == 1)
  }

  @Test("proves what is in no snapshot, too: the mark stays for a machine that is down and differs")
  func downMachine() async throws {
    let disk = Sample.disk(71)
    let path = DomainLayout(Sample.domain).volume(Sample.volume(71), of: disk)
    let world = try await diverged { state in
      state.addMachine(7, status: .down, disks: [71])
      state.corrupting.insert(path)
      state.staysCorrupt = true
    }
    world.with { $0.corrupting = [path] }
    let result = try await world.run(1, repairing)
    #expect(result.record.outcome == .sealed && result.point?.diverged == Sample.run(9))
    #expect(result.divergence?.image == path && result.divergence?.run == Sample.run(9))
    #expect(world.with { $0.events.last?.severity } == .warning)
    world.with { $0.staysCorrupt = false }
    #expect(try await world.run(2, repairing).divergence == nil)
  }

  @Test(
    "clears the mark although a shareable disk differs that a running machine writes; not when its machine is down",
    arguments: [MachineStatus.up, .down])
  func shareableDisk(status: MachineStatus) async throws {
    let disk = Sample.disk(71)
    let path = DomainLayout(Sample.domain).volume(Sample.volume(71), of: disk)
    let world = try await diverged { state in
      state.addMachine(7, status: status, disks: [71])
      for index in state.machines.indices where state.machines[index].machine.id == Sample.machine(7) {
        state.machines[index].disks[0].isShareable = true
      }
      state.staysCorrupt = true
    }
    world.with { $0.corrupting = [path] }
    let result = try await world.run(1, repairing)
    #expect(result.record.outcome == .sealed)
    #expect((result.divergence == nil) == (status == .up))
    if status == .up {
      #expect(result.point?.diverged == nil)
      #expect(result.point?.notInPoint.contains { $0.contains("shareable") } == true)
    } else {
      #expect(result.divergence?.image == path)
    }
  }

  @Test(
    "removes an earlier run's overlay whose removal was lost with the old session, also one that arrived empty; nothing else"
  )
  func staleOverlay() async throws {
    let world = try await diverged()
    let (disk, layout) = (Sample.disk(11), DomainLayout(Sample.domain))
    let stale = Derived.overlay(run: Sample.run(9), disk: disk, attempt: 1)
    let foreign = Sample.volume(99)
    world.with { state in
      state.secondary[layout.volume(stale, of: disk)] = Array("qcow2".utf8)
      state.secondary[layout.meta(stale, of: disk)] = []
      state.secondary[layout.volume(foreign, of: disk)] = Array("qcow2".utf8)
    }
    let result = try await world.run(1, repairing)
    #expect(
      result.record.outcome == .sealed && result.divergence == nil,
      "\(String(describing: result.record.failure))")
    world.with { state in
      #expect(
        state.secondary[layout.volume(stale, of: disk)] == nil
          && state.secondary[layout.meta(stale, of: disk)] == nil)
      #expect(state.secondary[layout.volume(foreign, of: disk)] != nil)
      #expect(state.violations == [])
    }
  }

  @Test(
    "removes no earlier overlay while some `.meta` beside it can't be read: it might name it as its parent")
  func unreadMetadata() async throws {
    let world = try await diverged()
    let (disk, layout) = (Sample.disk(11), DomainLayout(Sample.domain))
    let stale = Derived.overlay(run: Sample.run(9), disk: disk, attempt: 1)
    world.with { state in
      state.secondary[layout.volume(stale, of: disk)] = Array("qcow2".utf8)
      state.secondary[layout.meta(Sample.volume(99), of: disk)] = Array("PUUID".utf8)
      state.secondary[layout.volume(Sample.volume(99), of: disk)] = Array("volume".utf8)
    }
    _ = try await world.run(1, repairing)
    #expect(world.with { $0.secondary[layout.volume(stale, of: disk)] } != nil)
    #expect(world.catalogue.divergence != nil)
  }

  @Test("that does not help leaves the mark")
  func doesNotHelp() async throws {
    let world = try await diverged { $0.staysCorrupt = true }
    let mark = world.catalogue.divergence
    let result = try await world.run(1, repairing)
    #expect(result.record.failure?.kind == .diverged && result.divergence == mark)
  }

  @Test("that failed without a session is taken up by the next, options and all")
  func takenUp() async throws {
    let world = try await diverged()
    let before = world.with { $0.settings }
    var mark = try #require(world.catalogue.divergence)
    mark.settings = before
    try await world.catalogue.save(mark)
    world.with { $0.sessionExists = false }
    #expect(try await world.run(1).record.outcome == .failed)
    let result = try await world.run(2, repairing)
    #expect(result.record.outcome == .sealed && result.divergence == nil)
    #expect(world.with { $0.settings } == before)
  }

  @Test(
    "killed at any port call, ends whole: one session, its options, no mark, no snapshot", arguments: 1..<6)
  func killed(part: Int) async throws {
    var point = part
    var struck = true
    while struck {
      let world = try await diverged()
      world.tripwire.arm(at: point)
      let end = try await world.runToTheEnd(repairing)
      struck = world.tripwire.firstFired != nil
      let place: Comment = "point \(point), \(world.tripwire.firstFired ?? "never")"
      var result = end.result
      // Killed before it was known for a repair, it was a plain run.
      if result.divergence != nil { result = try await world.run(77, repairing) }
      #expect(result.record.outcome == .sealed && result.divergence == nil, place)
      world.with { state in
        #expect(state.violations == [] && state.standing == [] && state.sessionExists, place)
        #expect(state.settings.first == SessionSetting("sync_jobs", "5"), place)
        #expect(state.secondaryIsReadOnly, place)
      }
      point += 15
    }
    #expect(point > 300, "the loop must have gone through the whole run")
  }
}
