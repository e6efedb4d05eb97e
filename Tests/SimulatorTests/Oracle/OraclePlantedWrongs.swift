import DRKit
import Testing

@testable import Simulator

/// The oracle must find every wrong that is planted; an oracle that never complains proves nothing.
@Suite("Oracle: planted wrongs are found")
struct OraclePlantedWrongs {
  /// A world in which one image has just been frozen, copied and sealed; the point tells the truth.
  struct Sealed {
    let world: SimulatedWorld
    let point: RecoveryPoint
    let base: String
    let overlay: VolumeID

    init() {
      var plan = WorldPlan()
      plan.machines = [WorldPlan.Machines(count: 1, disk: 512 << 20, rate: 1 << 20)]
      let loop = SimulationLoop(start: WorldPlan.birth)
      world = SimulatedWorld(plan, seed: Seed(1), in: loop)
      var draws = Randomness(Seed(9))
      let run: RunID = draws.identifier()
      let guest = world.guests[0]
      overlay = Derived.overlay(run: run, disk: guest.disk, attempt: 1)
      base = VDSMLayout.volumePath(world.domain.id, guest.disk, guest.layers[0].volume)
      world.oracle.snapshotRequested("drkit run \(run)", [OverlayRequest(disk: guest.disk, overlay: overlay)])
      let file = world.session.primary.files[guest.layers[0].slot]
      world.oracle.froze(
        FrozenImage(
          disk: guest.disk, base: guest.layers[0].volume, overlay: overlay, description: "drkit run \(run)",
          at: loop.now, size: file.size, shards: file.shards))
      point = RecoveryPoint(
        run: run, key: DestinationKey(domain: world.domain.name, destination: "dr"), instant: loop.now,
        sealed: loop.now,
        images: [
          SealedImage(
            machine: guest.machine, disk: guest.disk, volume: guest.layers[0].volume,
            digest: FileDigest(size: file.size, sha256: ""))
        ], notInPoint: [])
    }

    func laws() -> [Violation.Law] {
      world.judge(point, at: world.loop.now)
      return world.oracle.violations.map(\.law)
    }

    var gfid: Gfid { world.session.secondary.file(base)?.gfid ?? Gfid(0) }
    var model: VolumeFile { world.session.primary.file(base)! }
  }

  @Test("a true point is no violation, and it is usable")
  func truth() {
    let sealed = Sealed()
    #expect(sealed.laws() == [])
    #expect(sealed.world.oracle.exposure.isUsable)
  }

  @Test("a flipped shard")
  func flipped() {
    let sealed = Sealed()
    sealed.world.session.secondary.receive(ContentID(4_711), shard: 3, like: sealed.model)
    #expect(sealed.laws() == [.sealedByProofOnly])
    #expect(sealed.world.oracle.violations[0].detail.contains("shard 3 of"))
    #expect(!sealed.world.oracle.exposure.isUsable)
  }

  @Test("a torn shard")
  func torn() {
    let sealed = Sealed()
    sealed.world.session.secondary.tear(sealed.gfid, shard: 0, unless: .hole, .torn(1))
    #expect(sealed.laws() == [.sealedByProofOnly])
    #expect(sealed.world.oracle.violations[0].detail.contains("torn"))
  }

  @Test("a missing shard")
  func missing() {
    let sealed = Sealed()
    sealed.world.session.secondary.receive(.hole, shard: 7, like: sealed.model)
    #expect(sealed.laws() == [.sealedByProofOnly])
    #expect(sealed.world.oracle.violations[0].detail.contains("missing"))
  }

  @Test("an overlay that is still there")
  func overlayLeft() {
    let sealed = Sealed()
    let directory = VDSMLayout.imageDirectory(sealed.world.domain.id, sealed.point.images[0].disk)
    sealed.world.session.secondary.writeSmall(
      "\(directory)/\(sealed.overlay).lease", [], at: sealed.world.loop.now)
    #expect(sealed.laws() == [.sealedByProofOnly])
  }

  @Test("a base that says INTERNAL")
  func internalBase() {
    let sealed = Sealed()
    sealed.world.session.secondary.writeSmall(
      sealed.base + ".meta", Array("VOLTYPE=INTERNAL\nEOF\n".utf8), at: sealed.world.loop.now)
    #expect(sealed.laws() == [.sealedByProofOnly])
  }

  @Test("a point of a run that never froze anything")
  func neverFrozen() {
    let sealed = Sealed()
    var point = sealed.point
    point.run = RunID(high: 1, low: 1)
    sealed.world.judge(point, at: sealed.world.loop.now)
    #expect(sealed.world.oracle.violations.map(\.law) == [.sealedByProofOnly])
  }

  @Test("a point that claims to be newer than its images")
  func tooNew() {
    let sealed = Sealed()
    var point = sealed.point
    point.instant = point.instant + .seconds(1)
    sealed.world.judge(point, at: sealed.world.loop.now)
    #expect(sealed.world.oracle.violations.map(\.law) == [.sealedByProofOnly])
  }

  @Test("a point without a guest's disk, unless it says so")
  func hole() {
    let sealed = Sealed()
    var point = sealed.point
    point.images = []
    sealed.world.judge(point, at: sealed.world.loop.now)
    #expect(sealed.world.oracle.violations.map(\.law) == [.sealedByProofOnly])
    #expect(sealed.world.oracle.trueRuns.isEmpty)
    let honest = Sealed()
    point.leftOut = ["vm1: its snapshot failed"]
    honest.world.judge(point, at: honest.world.loop.now)
    #expect(honest.world.oracle.violations.isEmpty)
  }

  @Test("a `.meta` that arrives anew makes the point unusable")
  func metadataOverwritten() {
    let sealed = Sealed()
    #expect(sealed.laws() == [])
    let model = sealed.world.session.primary.file(sealed.base + ".meta")!
    var changed = model
    changed.bytes = Array("VOLTYPE=INTERNAL\nEOF\n".utf8)
    sealed.world.session.secondary.receive(ContentID(4_711), shard: 0, like: changed)
    sealed.world.settle(at: sealed.world.loop.now)
    #expect(!sealed.world.oracle.exposure.isUsable)
  }

  @Test("another image's `.meta` is written at the secondary, or anything but a nonce at the primary")
  func foreignMetadata() {
    let world = Sealed().world
    let path = VDSMLayout.imageDirectory(world.domain.id, world.guests[0].disk)
    world.oracle.writes("\(path)/\(VolumeID(high: 9, low: 9)).meta", while: false, at: world.loop.now)
    world.oracle.changesPrimary("\(path)/x", at: world.loop.now)
    world.oracle.changesPrimary(".drkit/b1-data-dr/nonce-0-0", at: world.loop.now)
    #expect(
      world.oracle.violations.map(\.law) == [.onlyOurOverlaysAreDeleted, .onlyOurOverlaysAreDeleted])
  }

  @Test("a secondary that was read-only and is left writable, and a deadline that moves")
  func leaks() {
    let world = Sealed().world
    var record = RunRecord(
      id: RunID(high: 3, low: 3), key: DestinationKey(domain: "d", destination: "e"), began: world.loop.now)
    world.oracle.runBegan(record.id, secondaryIsReadOnly: true, at: WorldPlan.birth)
    record.outcome = .failed
    world.oracle.runEnded(record, engine: world.engine, secondaryIsReadOnly: false, at: world.loop.now)
    #expect(world.oracle.violations.map(\.law) == [.journalThenAct])
    let step = StepKey(run: record.id, step: "merge.gone")
    for _ in 0..<2 { world.oracle.waits(for: step, until: world.loop.now, at: world.loop.now) }
    #expect(world.oracle.violations.count == 1)
    world.oracle.waits(for: step, until: world.loop.now + .seconds(1), at: world.loop.now)
    #expect(world.oracle.violations.last?.law == .everyWaitHasADeadline)
  }

  @Test("what arrives after the seal makes the point unusable, without being a violation")
  func overwritten() {
    let sealed = Sealed()
    #expect(sealed.laws() == [])
    sealed.world.session.secondary.receive(ContentID(4_711), shard: 1, like: sealed.model)
    sealed.world.settle(at: sealed.world.loop.now)
    #expect(!sealed.world.oracle.exposure.isUsable)
    #expect(sealed.world.oracle.exposure.gaps.count == 1)
    #expect(sealed.world.oracle.violations.isEmpty)
  }

  @Test("a base is removed at the secondary")
  func baseRemoved() {
    let world = Sealed().world
    let path = VDSMLayout.volumePath(world.domain.id, world.guests[0].disk, world.guests[0].layers[0].volume)
    world.oracle.removes(
      path, from: world.session.secondary, of: world.session.primary, while: false, at: world.loop.now)
    #expect(world.oracle.violations.map(\.law) == [.onlyOurOverlaysAreDeleted])
  }

  @Test(
    "the .meta of somebody's volume is removed while the volume, or its .meta at the primary, is there; one that both sides lost may go",
    arguments: [nil, "secondary", "primary", "primary .meta"])
  func foreignMetadataRemoved(whatIsThere: String?) {
    let world = Sealed().world
    let volume =
      "\(VDSMLayout.imageDirectory(world.domain.id, world.guests[0].disk))/\(VolumeID(high: 9, low: 9))"
    let meta = volume + ".meta"
    world.session.secondary.writeSmall(meta, Array("EOF\n".utf8), at: world.loop.now)
    switch whatIsThere {
    case "secondary": world.session.secondary.writeSmall(volume, [], at: world.loop.now)
    case "primary": world.session.primary.writeSmall(volume, [], at: world.loop.now)
    case "primary .meta": world.session.primary.writeSmall(meta, [], at: world.loop.now)
    default: break
    }
    world.oracle.removes(
      meta, from: world.session.secondary, of: world.session.primary, while: false, at: world.loop.now)
    #expect(
      world.oracle.violations.map(\.law) == (whatIsThere == nil ? [] : [.onlyOurOverlaysAreDeleted]))
  }

  @Test("our overlay is removed while another volume stands on it, and while workers live")
  func overlayWithChild() {
    let sealed = Sealed()
    let world = sealed.world
    let directory = VDSMLayout.imageDirectory(world.domain.id, world.guests[0].disk)
    let overlay = "\(directory)/\(sealed.overlay)"
    world.session.secondary.writeSmall(overlay, [], at: world.loop.now)
    world.oracle.removes(
      overlay, from: world.session.secondary, of: world.session.primary, while: false, at: world.loop.now)
    #expect(world.oracle.violations.isEmpty)
    world.session.secondary.writeSmall(
      "\(directory)/child.meta", Array("PUUID=\(sealed.overlay)\nEOF\n".utf8), at: world.loop.now)
    world.oracle.removes(
      overlay, from: world.session.secondary, of: world.session.primary, while: true, at: world.loop.now)
    #expect(
      world.oracle.violations.map(\.law) == [.nobodyWritesWhileAWorkerLives, .onlyOurOverlaysAreDeleted])
  }

  @Test("a file that is none of ours is overwritten at the secondary")
  func foreignWrite() {
    let world = Sealed().world
    world.oracle.writes("\(world.domain.id)/dom_md/metadata", while: false, at: world.loop.now)
    #expect(world.oracle.violations.map(\.law) == [.onlyOurOverlaysAreDeleted])
  }

  @Test("a snapshot that the run's record does not name")
  func forgotten() throws {
    let sealed = Sealed()
    let world = sealed.world
    let machine = world.guests[0].machine
    _ = try world.engine.createSnapshot(
      of: machine, SnapshotRequest(description: "drkit run \(sealed.point.run) x", persistsMemory: false),
      now: world.loop.now)
    var record = RunRecord(
      id: sealed.point.run, key: sealed.point.key, began: world.loop.now, outcome: .failed)
    world.oracle.runEnded(record, engine: world.engine, secondaryIsReadOnly: true, at: world.loop.now)
    #expect(world.oracle.violations.map(\.law) == [.noSnapshotForgotten])
    record.leftOver = ["vm1: a snapshot"]
    world.oracle.runEnded(record, engine: world.engine, secondaryIsReadOnly: true, at: world.loop.now)
    #expect(world.oracle.violations.count == 1)
  }

  @Test("guests that stop")
  func stopped() {
    let world = Sealed().world
    world.oracle.guestWrote(after: .seconds(15), expected: .seconds(1))
    let record = RunRecord(
      id: RunID(high: 1, low: 2), key: DestinationKey(domain: "a", destination: "b"), began: world.loop.now)
    world.oracle.runEnded(record, engine: world.engine, secondaryIsReadOnly: true, at: world.loop.now)
    #expect(world.oracle.violations.map(\.law) == [.guestsNeverStop])
  }

  @Test("an executor that calls a point sealed without doing anything is caught")
  func believer() {
    let scenario = WorldCycles.scenario(cycles: 1)
    let runner = ScenarioRunner(scenario, seed: 1) { (ports, target, _, fresh) async throws(DRError) in
      let machines = try await ports.engine.machines(on: ports.engine.storageDomain(target.domain).id)
      let disks = try await ports.engine.disks(of: machines[0].id)
      let image = SealedImage(
        machine: machines[0].id, disk: disks[0].id, volume: disks[0].activeVolume ?? .blank,
        digest: FileDigest(size: 0, sha256: ""))
      try await ports.catalogue.save(
        RecoveryPoint(
          run: fresh, key: target.key, instant: ports.clock.now, sealed: ports.clock.now, images: [image],
          notInPoint: []))
    }
    let report = runner.run()
    #expect(report.verdict == .violated)
    #expect(Set(report.violations.map(\.law)) == [.sealedByProofOnly])
  }
}
