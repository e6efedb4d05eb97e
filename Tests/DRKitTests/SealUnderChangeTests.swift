import DRKit
import Testing

@Suite("A seal whose world changed under it")
struct SealUnderChangeTests {
  @Test("leaves a machine out whose snapshot somebody removed in mid-run: the base did not stand still")
  func snapshotRemovedMeanwhile() async throws {
    let world = SmallWorld()
    world.tripwire.arm(atAnswerOf: "georep.stop", nth: 2)
    let end = try await world.runToTheEnd { state in
      // Merged by an administrator, and the guest wrote nothing since.
      state.machines[0].snapshots = []
    }
    #expect(end.result.record.outcome == .sealed)
    #expect(end.result.point?.leftOut == ["vm1: its snapshot is gone"])
    #expect(end.result.point?.images.map(\.machine) == [Sample.machine(2)])
    #expect(world.with { $0.events.last?.severity } == .warning)
  }

  @Test("fails when no machine is left: a point without any is none")
  func nothingLeft() async throws {
    let world = SmallWorld(machines: 1)
    world.tripwire.arm(atAnswerOf: "georep.stop", nth: 2)
    let end = try await world.runToTheEnd { $0.machines[0].snapshots = [] }
    #expect(end.result.record.outcome == .failed)
    #expect(end.result.record.failure?.kind == .disproved)
    #expect(end.result.record.failure?.reason.contains("no machine of the cut is in the point") == true)
    #expect(world.catalogue.points.isEmpty && world.catalogue.divergence == nil)
  }

  @Test("touches nothing under a session that was started again while no executor was there, and stops it")
  func sessionRunsAgain() async throws {
    let world = SmallWorld()
    world.tripwire.arm(atAnswerOf: "journal.record seal.arrived")
    let end = try await world.runToTheEnd { $0.start(Instant(epochSeconds: 1_700_000_900)) }
    #expect(world.with { $0.violations } == [])
    #expect(end.result.record.failure?.kind == .disproved)
    #expect(end.result.record.failure?.reason.contains("a worker") == true)
    #expect(world.with { $0.isRunning } == false)
  }
}
