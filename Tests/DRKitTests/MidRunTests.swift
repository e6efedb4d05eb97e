import DRKit
import Testing

/// What a guest or somebody else does while a run goes on, and what the point must say of it.
struct Happening: Sendable, CustomTestStringConvertible {
  enum Moment: String, Sendable {
    /// The overlays have not been carried yet.
    case beforeTheyAreCarried = "journal.record quiesce.cut"
    /// All has arrived, nothing is proved.
    case afterTheyArrived = "journal.record seal.arrived"
    /// The first image is proved.
    case whileProved = "journal.record seal.proved"
  }

  var name: String
  var moment: Moment
  var grade: MachineVerdict.Grade
  /// A remark that contains this; nil: there is none.
  var remark: String?
  /// Of vm1.
  var images: Int
  var does: @Sendable (inout WorldState) -> Void

  var testDescription: String { name }

  init(
    _ name: String, _ moment: Moment, _ grade: MachineVerdict.Grade, _ remark: String?, images: Int = 1,
    _ does: @escaping @Sendable (inout WorldState) -> Void
  ) {
    self.name = name
    self.moment = moment
    self.grade = grade
    self.remark = remark
    self.images = images
    self.does = does
  }

  static let all: [Happening] = [
    .init("nothing", .afterTheyArrived, .whole, nil) { _ in },
    .init("snapshot on top, carried", .beforeTheyAreCarried, .notInPoint, "is not drkit's", images: 0) {
      $0.snapshotByAnother(0, Sample.volume(77))
    },
    .init("snapshot on top, not carried", .afterTheyArrived, .lowered, "stands on drkit's") {
      $0.snapshotByAnother(0, Sample.volume(77))
    },
    .init("snapshot removed", .beforeTheyAreCarried, .notInPoint, "its snapshot is gone", images: 0) {
      $0.machines[0].snapshots = []
    },
    .init("snapshot removed late", .whileProved, .notInPoint, "its snapshot is gone", images: 0) {
      $0.machines[0].snapshots = []
    },
    .init("snapshot being removed", .whileProved, .notInPoint, "its snapshot is locked", images: 0) {
      $0.machines[0].snapshots[0].snapshot.status = .locked
      $0.machines[0].snapshots[0].isMerging = true
      $0.machines[0].snapshots[0].due = Instant(epochSeconds: 1_700_003_600)
    },
    .init("a snapshot below removed", .afterTheyArrived, .notInPoint, "frozen volume", images: 0) {
      $0.machines[0].snapshots[0].frozen[Sample.disk(11)] = Sample.volume(911)
    },
    .init("machine removed", .afterTheyArrived, .notInPoint, "was removed", images: 0) {
      $0.machines.remove(at: 0)
    },
    .init("disk attached", .beforeTheyAreCarried, .lowered, "disk12 was attached in mid-run") {
      $0.machines[0].disks.append(
        Sample.attached(Sample.disk(12), alias: "disk12", active: Sample.volume(12)))
    },
    .init("stopped", .beforeTheyAreCarried, .whole, "stopped in mid-run (down)") {
      $0.machines[0].machine.status = .down
    },
    .init("migrates", .afterTheyArrived, .whole, "migrates to another host") {
      $0.machines[0].machine.status = .migrating
    },
    .init("migrated", .beforeTheyAreCarried, .whole, "moved to another host") {
      $0.machines[0].machine.host = HostID(high: 1, low: 2)
    },
  ]
}

@Suite("Guests in mid-run: each machine has its own verdict")
struct MidRunTests {
  private func world() -> SmallWorld {
    SmallWorld { $0.machines[0].machine.host = HostID(high: 1, low: 1) }
  }

  private func run(
    _ world: SmallWorld, _ moment: Happening.Moment, _ policy: SyncPolicy = SmallWorld.policy,
    does: @escaping @Sendable (inout WorldState) -> Void
  ) async throws -> SyncRun.Result {
    world.tripwire.arm(atAnswerOf: moment.rawValue)
    let end = try await world.runToTheEnd(policy, meanwhile: does)
    #expect(end.incarnations == 2)
    return end.result
  }

  @Test("one machine", arguments: Happening.all)
  func one(_ happening: Happening) async throws {
    let world = world()
    let result = try await run(world, happening.moment, does: happening.does)
    #expect(result.record.outcome == .sealed)
    let point = try #require(result.point)
    let verdicts = try #require(point.machines)
    #expect(verdicts.map(\.name) == ["vm1", "vm2"])
    #expect(verdicts[0].grade == happening.grade, "\(verdicts[0])")
    if let remark = happening.remark {
      #expect(verdicts[0].remarks.contains { $0.contains(remark) }, "\(verdicts[0])")
    } else {
      #expect(verdicts[0].remarks == [])
    }
    // The other one is none the worse for it.
    #expect(verdicts[1] == MachineVerdict(machine: Sample.machine(2), name: "vm2", grade: .whole))
    #expect(point.images.count { $0.machine == Sample.machine(1) } == happening.images)
    #expect(point.images.count { $0.machine == Sample.machine(2) } == 1)
    #expect(point.leftOut.contains { $0.hasPrefix("vm1: ") } == (happening.grade == .notInPoint))
    #expect(world.catalogue.points == [point] && world.catalogue.divergence == nil)

    let event = try #require(world.with { $0.events.last })
    #expect(event.severity == (happening.grade == .whole ? .normal : .warning), "\(event)")
    if let remark = happening.remark { #expect(event.description.contains(remark)) }
    #expect(world.with { $0.violations } == [])
  }

  @Test(
    "a volume that is not drkit's is not deleted at the secondary, nor is what it stands on, nor its snapshot"
  )
  func foreignStands() async throws {
    let world = world()
    let foreign = Sample.volume(77)
    let result = try await run(world, .beforeTheyAreCarried) { $0.snapshotByAnother(0, foreign) }
    let layout = DomainLayout(Sample.domain)
    let overlay = Derived.overlay(run: Sample.run(1), disk: Sample.disk(11), attempt: 1)
    world.with { state in
      for volume in [foreign, overlay, Sample.volume(11)] {
        #expect(state.secondary[layout.volume(volume, of: Sample.disk(11))] != nil)
        #expect(state.secondary[layout.meta(volume, of: Sample.disk(11))] != nil)
      }
      #expect(state.removedAtSecondary.filter { $0.contains("\(Sample.disk(11))/") } == [])
      #expect(state.standing == ["vm1: backup"])
    }
    #expect(result.record.leftOver == [])
    // The manifest at the secondary says it, too: it is what recovery has.
    let path = DomainLayout(Sample.domain).manifest(Sample.run(1))
    let text = String(decoding: try #require(world.with { $0.secondary[path] }), as: UTF8.self)
    #expect(text.contains(#""grade":"not-in-point""#))
  }

  @Test("a machine that was down and begins to run is in no point, and is told")
  func started() async throws {
    let world = SmallWorld { $0.addMachine(3, status: .down, disks: [31]) }
    let result = try await run(world, .beforeTheyAreCarried) { $0.machines[2].machine.status = .up }
    let verdict = try #require(result.point?.machines?.last)
    #expect(verdict.name == "vm3" && verdict.grade == .notInPoint)
    #expect(result.point?.notInPoint.last == "vm3: started in mid-run; its images arrived torn")
    #expect(world.with { $0.events.last?.severity } == .warning)
  }

  @Test("a machine with a disk on a second domain is lowered in every run, and each place says so")
  func secondDomain() async throws {
    let elsewhere = StorageDomainID(high: 9, low: 9)
    let world = SmallWorld { state in
      state.machines[0].disks.append(
        Sample.attached(
          Sample.disk(19), alias: "data", active: Sample.volume(19), domains: [elsewhere]))
    }
    let plan = try await SyncRehearsal(ports: world.ports, target: SmallWorld.target).run().plan
    let words = "on another storage domain, not cut together with this one"
    #expect(plan.notInPoint == ["vm1/data: \(words)"])
    let result = try await world.run()
    let verdict = try #require(result.point?.machines?.first)
    #expect(verdict.grade == .lowered && verdict.remarks == ["data: \(words)"])
    #expect(result.point?.images.count == 2)
    let event = try #require(world.with { $0.events.last })
    #expect(event.severity == .warning && event.description.contains("LOWERED: vm1: data: \(words)"))
  }

  @Test(
    "what is decided of a machine is decided once", arguments: ["seal.kept", "seal.unheld", "seal.point"])
  func decidedOnce(step: String) async throws {
    let world = world()
    let foreign = step == "seal.kept"
    world.tripwire.arm(atAnswerOf: Happening.Moment.beforeTheyAreCarried.rawValue)
    var deaths = 0
    let end = try await world.runToTheEnd { state in
      deaths += 1
      guard deaths == 1 else { return }
      if foreign { state.snapshotByAnother(0, Sample.volume(77)) } else { state.machines[0].snapshots = [] }
      if step == "seal.unheld" {
        state.corrupting = [DomainLayout(Sample.domain).volume(Sample.volume(11), of: Sample.disk(11))]
      }
    } resuming: {
      if deaths == 1 { world.tripwire.arm(atAnswerOf: "journal.record \(step)") }
    }
    #expect(deaths == 2 && end.result.record.outcome == .sealed)
    #expect(world.journal.steps.count { $0.hasPrefix("\(step) ") || $0 == step } == 1)
    #expect(end.result.point?.images.map(\.machine) == [Sample.machine(2)])
    #expect(end.result.point?.machines?.map(\.grade) == [.notInPoint, .whole])
  }

  @Test("a repair whose cut lost a machine does not clear the mark: not all of the destination is proved")
  func repairWithoutOne() async throws {
    let world = SmallWorld()
    let base = DomainLayout(Sample.domain).volume(Sample.volume(21), of: Sample.disk(21))
    world.with { $0.corrupting = [base] }
    _ = try await world.run(9)
    let mark = try #require(world.catalogue.divergence)
    world.with { $0.corrupting = [] }
    var policy = SmallWorld.policy
    policy.repairs = true
    let result = try await run(world, .beforeTheyAreCarried, policy) {
      $0.snapshotByAnother(0, Sample.volume(77))
    }
    #expect(result.record.outcome == .sealed && result.point?.diverged == mark.run)
    #expect(result.divergence?.run == mark.run && world.catalogue.divergence != nil)
  }
}
