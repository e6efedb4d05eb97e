import DRKit
import Testing

/// What the engine's log tells of the time between two looks, and what the point says of it.
@Suite("Guests in mid-run: what is over at the seal is in the engine's log")
struct MidRunLogTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var remarks: [String]
    var does: @Sendable (inout WorldState) -> Void

    init(_ name: String, _ remarks: [String], _ does: @escaping @Sendable (inout WorldState) -> Void) {
      testDescription = name
      self.remarks = remarks
      self.does = does
    }
  }

  private static let vm1 = Sample.machine(1)

  static let cases: [Case] = [
    Case("migrated there and back", ["migrated there and back in mid-run"]) {
      $0.log(.migrated, vm1)
      $0.log(.migrated, vm1)
    },
    Case("migrated, and the host did not change by the looks", ["migrated in mid-run"]) {
      $0.log(.migrated, vm1)
    },
    Case("migrated, and the looks saw it", ["moved to another host in mid-run"]) {
      $0.machines[0].machine.host = HostID(high: 1, low: 2)
      $0.log(.migrated, vm1)
    },
    Case("stopped and started", ["stopped and started again in mid-run"]) {
      for kind in [MachineEvent.Kind.stopped, .stopped, .started, .started] { $0.log(kind, vm1) }
    },
    Case(
      "stopped and started at another host",
      ["moved to another host in mid-run", "stopped and started again in mid-run"]
    ) {
      $0.machines[0].machine.host = HostID(high: 1, low: 2)
      for kind in [MachineEvent.Kind.stopped, .started] { $0.log(kind, vm1) }
    },
    Case("stopped, and the looks saw it", ["stopped in mid-run (down)"]) {
      $0.machines[0].machine.status = .down
      $0.log(.stopped, vm1)
    },
    Case("stopped right after the look", ["stopped in mid-run"]) { $0.log(.stopped, vm1) },
    Case("on its way up when it was planned", []) { $0.log(.started, vm1) },
    Case("somebody's snapshot came and went", ["a snapshot that is not drkit's came and went in mid-run"]) {
      $0.log(.snapshotTaken, vm1, "Snapshot 'backup' creation for VM 'vm1' has been completed.")
      $0.log(.snapshotRemoved, vm1, "Snapshot 'backup' deletion for VM 'vm1' has been completed.")
    },
    Case("a disk came and went", ["a disk was attached or detached in mid-run"]) {
      $0.log(.diskAttached, vm1)
      $0.log(.diskDetached, vm1)
    },
    Case("this run's own doing, by its correlation id", []) {
      $0.log(.snapshotRemoved, vm1, correlationID: Sample.run(1).description)
    },
    Case("another run's snapshot, by its description", []) {
      $0.log(
        .snapshotRemoved, vm1,
        "Snapshot 'drkit run \(Sample.run(9)) x@y' deletion for VM 'vm1' has been completed.")
    },
    Case("a snapshot that only looks like drkit's", ["a snapshot that is not drkit's was taken in mid-run"]) {
      $0.log(.snapshotTaken, vm1, "Snapshot 'before drkit run 7' creation for VM 'vm1' has been completed.")
    },
    Case("another machine, which is not on the domain", []) { $0.log(.stopped, Sample.machine(9)) },
  ]

  /// The world's first life dies when the cut is made; `does` happens before the second.
  private func run(
    _ world: SmallWorld, does: @escaping @Sendable (inout WorldState) -> Void
  ) async throws -> SyncRun.Result {
    world.tripwire.arm(atAnswerOf: Happening.Moment.beforeTheyAreCarried.rawValue)
    return try await world.runToTheEnd(meanwhile: does).result
  }

  private func world() -> SmallWorld { SmallWorld { $0.machines[0].machine.host = HostID(high: 1, low: 1) } }

  @Test("one machine", arguments: cases)
  func one(_ one: Case) async throws {
    let result = try await run(world(), does: one.does)
    #expect(result.record.outcome == .sealed)
    let verdict = try #require(result.point?.machines?.first)
    // None of it takes anything from the point.
    #expect(verdict == MachineVerdict(machine: Self.vm1, name: "vm1", grade: .whole, remarks: one.remarks))
    #expect(result.point?.leftOut == [] && result.point?.images.count == 2)
  }

  @Test("a snapshot that stands on drkit's is said one time, by the look")
  func foreignStands() async throws {
    let world = SmallWorld()
    world.tripwire.arm(atAnswerOf: Happening.Moment.afterTheyArrived.rawValue)
    let result = try await world.runToTheEnd { state in
      state.snapshotByAnother(0, Sample.volume(77))
      state.log(.snapshotTaken, Self.vm1, "Snapshot 'backup' creation for VM 'vm1' has been completed.")
    }.result
    let verdict = try #require(result.point?.machines?.first)
    #expect(verdict.grade == .lowered && verdict.remarks.count == 1, "\(verdict)")
  }

  @Test("a machine that was down and ran for a while is in no point, and is told")
  func ranForAWhile() async throws {
    let world = SmallWorld { $0.addMachine(3, status: .down, disks: [31]) }
    let result = try await run(world) {
      $0.log(.started, Sample.machine(3))
      $0.log(.stopped, Sample.machine(3))
    }
    let verdict = try #require(result.point?.machines?.last)
    #expect(verdict.name == "vm3" && verdict.grade == .notInPoint)
    #expect(
      result.point?.notInPoint.last == "vm3: started and stopped again in mid-run; its images arrived torn")
  }

  @Test("what is in the log from before the cut is no happening of this run")
  func longAgo() async throws {
    let world = world()
    world.with { $0.log(.stopped, Self.vm1) }
    let result = try await world.run()
    #expect(result.point?.machines?.allSatisfy { $0.remarks == [] } ?? false)
  }

  @Test(
    "a log that can't be read is noted, once for each end, and takes nothing from the run",
    arguments: [DRError.Kind.refused, .missing, .malformed, .transient])
  func unreadable(kind: DRError.Kind) async throws {
    let world = world()
    world.with { $0.logRefusal = DRError(kind, "read the events", reason: "no") }
    let result = try await world.run()
    #expect(result.record.outcome == .sealed)
    #expect(result.point?.machines?.allSatisfy { $0.grade == .whole && $0.remarks == [] } ?? false)
    // Without a place in the log to begin at, it is not asked again.
    #expect(
      world.observer.texts.count { $0.contains("in no verdict of this run") } == 1, "\(world.observer.texts)")
  }

  @Test("a log that is lost in mid-run is noted, and the looks say what they saw")
  func lostInMidRun() async throws {
    let world = world()
    let result = try await run(world) { state in
      state.machines[0].machine.status = .down
      state.logRefusal = DRError(.missing, "read the events", reason: "the log does not reach back")
    }
    #expect(result.point?.machines?.first?.remarks == ["stopped in mid-run (down)"])
    #expect(world.observer.texts.contains { $0.contains("the log does not reach back") })
  }
}
