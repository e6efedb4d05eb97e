import DRKit
import Testing

@testable import Simulator

@Suite("Simulated world: the engine's work on files, and the ports")
struct WorldBehaviour {
  static func world(_ change: (inout WorldPlan) -> Void = { _ in }) -> SimulatedWorld {
    var plan = WorldPlan()
    plan.machines = [WorldPlan.Machines(count: 1, disk: 512 << 20, rate: 4 << 20)]
    plan.engine.snapshot = .seconds(10)...(.seconds(10))
    change(&plan)
    return SimulatedWorld(plan, seed: Seed(1), in: SimulationLoop(start: WorldPlan.birth))
  }

  static func advance(_ world: SimulatedWorld, _ span: TimeSpan) throws {
    try world.loop.advance(in: world, to: world.loop.now + span)
  }

  static func role(_ world: SimulatedWorld, _ volume: VolumeID) -> String? {
    let path = VDSMLayout.metadataPath(world.domain.id, world.guests[0].disk, volume)
    return world.session.primary.read(path).map { String(decoding: $0, as: UTF8.self) }?
      .split(separator: "\n").first { $0.hasPrefix("VOLTYPE=") }.map(String.init)
  }

  @Test(
    "the base is INTERNAL and still written to before qemu switches; then it stands still; the merge folds it back"
  )
  func snapshotAndMerge() throws {
    let world = Self.world()
    let guest = world.guests[0]
    let base = guest.layers[0]
    var draws = Randomness(Seed(3))
    let overlay: VolumeID = draws.identifier()
    try Self.advance(world, .seconds(5))
    let snapshot = try world.engine.createSnapshot(
      of: guest.machine,
      SnapshotRequest(
        description: "x", persistsMemory: false, disks: [.init(disk: guest.disk, overlay: overlay)]),
      now: world.loop.now)
    world.settle(at: world.loop.now)
    try Self.advance(world, .seconds(5))
    #expect(Self.role(world, base.volume) == "VOLTYPE=INTERNAL")
    #expect(Self.role(world, overlay) == "VOLTYPE=LEAF")
    let before = world.session.primary.files[base.slot].shards
    try Self.advance(world, .seconds(2))
    #expect(world.session.primary.files[base.slot].shards != before)
    try Self.advance(world, .seconds(4))
    #expect(try world.engine.snapshot(snapshot, of: guest.machine).status == .ok)
    let frozen = world.session.primary.files[base.slot].shards
    try Self.advance(world, .minutes(1))
    #expect(world.session.primary.files[base.slot].shards == frozen)
    let overlaySize = world.guests[0].layers[1].size
    #expect(overlaySize > 32 << 20)

    _ = try world.engine.removeSnapshot(snapshot, of: guest.machine, now: world.loop.now)
    world.settle(at: world.loop.now)
    try Self.advance(world, .seconds(10))
    #expect(world.guests[0].layers.count == 1)
    #expect(world.session.primary.files[base.slot].shards != frozen)
    #expect(Self.role(world, base.volume) == "VOLTYPE=LEAF")
    #expect(Self.role(world, overlay) == nil)
    let directory = VDSMLayout.imageDirectory(world.domain.id, guest.disk)
    #expect(world.session.primary.list(directory)?.count == 3)
    #expect(world.engine.checkInvariants() == [])
  }

  @Test("a failed merge leaves the snapshot, the overlay and a base that is no longer the snapshot's")
  func failedMerge() throws {
    let world = Self.world {
      $0.faults = [WorldFault(.mergeFails, at: .zero, for: .hours(1), times: 1)]
    }
    let guest = world.guests[0]
    try Self.advance(world, .seconds(1))
    let snapshot = try world.engine.createSnapshot(
      of: guest.machine, SnapshotRequest(description: "x", persistsMemory: false), now: world.loop.now)
    world.settle(at: world.loop.now)
    try Self.advance(world, .minutes(1))
    try world.withEngineFault(.removeSnapshot, guest.machine) { () throws(EngineFault) in
      _ = try world.engine.removeSnapshot(snapshot, of: guest.machine, now: world.loop.now)
    }
    world.settle(at: world.loop.now)
    try Self.advance(world, .seconds(10))
    #expect(try world.engine.snapshot(snapshot, of: guest.machine).status == .ok)
    #expect(world.guests[0].layers.count == 2)
    #expect(world.bites(of: .mergeFails) == 1)
    #expect(world.engine.checkInvariants() == [])
  }

  @Test("the secondary is read-only: removing and replacing there is refused with EROFS's words")
  func readOnly() throws {
    let world = Self.world()
    let who = world.loop.startIncarnation()
    let ports = world.ports(for: who, store: SimStore())
    let errors = try world.loop.run(in: world) { () async -> [DRError] in
      var errors: [DRError] = []
      do throws(DRError) {
        let view = try await ports.secondary.view()
        do throws(DRError) { try await view.remove("x/images/y") } catch { errors.append(error) }
        do throws(DRError) { try await view.replace("x", with: []) } catch { errors.append(error) }
        try await ports.cluster.setReadOnly(false)
        try await view.replace(".drkit-points/x", with: [1])
      } catch {
        errors.append(error)
      }
      return errors
    }
    #expect(errors.map(\.kind) == [.refused, .refused])
    #expect(errors.allSatisfy { $0.reason == "Read-only file system" })
    #expect(world.session.secondary.read(".drkit-points/x") == [1])
  }

  @Test("an answer that is lost is an effect that took place")
  func answerLost() throws {
    let world = Self.world {
      $0.faults = [WorldFault(.portAnswerLost, at: .zero, for: .hours(1), times: 1, port: .georep)]
    }
    let ports = world.ports(for: world.loop.startIncarnation(), store: SimStore())
    let error = try world.loop.run(in: world) { () async -> DRError? in
      do throws(DRError) { try await ports.georep.start() } catch { return error }
      return nil
    }
    #expect(error?.kind == .transient)
    #expect(world.session.isStarted)
  }

  @Test("nonces land on every subvolume, under names that stay")
  func nonces() throws {
    let world = Self.world { $0.primary.subvolumes = 5 }
    let ports = world.ports(for: world.loop.startIncarnation(), store: SimStore())
    let (first, second) = try world.loop.run(in: world) { () async -> ([Nonce], [Nonce]) in
      do throws(DRError) {
        return (
          try await ports.primary.writeNonces([1], under: ".drkit/x"),
          try await ports.primary.writeNonces([2], under: ".drkit/x")
        )
      } catch {
        return ([], [])
      }
    }
    #expect(first == second)
    #expect(first.map { world.session.primary.file($0.path)?.subvolume } == [0, 1, 2, 3, 4])
  }

  @Test("skew makes places hot, without it all are alike; both draw every place")
  func skew() {
    for (skew, isHot) in [(0.0, false), (1.2, true)] {
      let table = SkewTable(count: 100, skew: skew, seed: Seed(1))
      var random = Randomness(Seed(2))
      var counts = Array(repeating: 0, count: 100)
      for _ in 0..<100_000 { counts[table.draw(&random)] += 1 }
      #expect(counts.allSatisfy { $0 > 0 })
      #expect(((counts.max() ?? 0) > 5_000) == isHot)
    }
  }
}
