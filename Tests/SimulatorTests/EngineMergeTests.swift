import DRKit
import Simulator
import Testing

struct EngineMergeTests {
  @Test func `a merged snapshot is gone, and the guest writes to the base again`() throws {
    var site = EngineSite()
    let bases = [site.raw, site.cow].map { site.active($0) }
    let id = try site.created([site.raw, site.cow])
    let job = try site.engine.removeSnapshot(id, of: site.machine, now: site.now)
    #expect(site.snapshots[0].status == .locked)
    let work = try #require(site.engine.drainWork().first)
    for step in work.steps { site.engine.volumeMerged(work.id, disk: step.disk) }
    #expect([site.raw, site.cow].map { site.active($0) } == bases)
    #expect(site.snapshots.count == 2)
    site.expectSound()
    site.engine.finish(work.id, outcome: .done, now: site.now)
    #expect(site.snapshots.map(\.kind) == [.active])
    let refused = fault { () throws(EngineFault) in try site.engine.snapshot(id, of: site.machine) }
    #expect(refused.status == 404)
    #expect(refused.detail?.contains("Entity not found") == true)
    #expect(site.engine.job(job)?.status == .finished)
    site.expectSound()
  }

  @Test func `an inner snapshot's merge takes the volume above it and keeps the chain`() throws {
    var site = EngineSite()
    let bottom = site.active(site.raw)
    let first = try site.created([site.raw])
    let middle = site.active(site.raw)
    let second = try site.created([site.raw])
    let top = site.active(site.raw)
    _ = try site.engine.removeSnapshot(first, of: site.machine, now: site.now)
    let step = try #require(site.engine.unfinishedWork.first?.steps.first)
    #expect(step.base == bottom && step.overlay == middle && !step.isActive)
    site.settle()
    #expect(site.engine.disk(site.raw)?.chain.map(\.id) == [bottom, top])
    #expect(try site.engine.volumes(of: second, machine: site.machine).map(\.volume) == [bottom])
    site.expectSound()
  }

  @Test func `a failed merge leaves the snapshot ok, so that it can be told from a merged one`() throws {
    var site = EngineSite()
    let id = try site.created([site.raw, site.cow])
    let overlays = [site.raw, site.cow].map { site.active($0) }
    _ = try site.engine.removeSnapshot(id, of: site.machine, now: site.now)
    site.settle(.failed(reason: "block commit failed"))
    #expect(try site.engine.snapshot(id, of: site.machine).status == .ok)
    #expect([site.raw, site.cow].map { site.active($0) } == overlays)
    #expect(site.engine.events.last?.code == 357)
    site.expectSound()
    _ = try site.engine.removeSnapshot(id, of: site.machine, now: site.now)
    site.settle()
    #expect(site.snapshots.count == 1)
    site.expectSound()
  }

  @Test func `disks that were merged before a merge failed stay merged`() throws {
    var site = EngineSite()
    let base = site.active(site.raw)
    let id = try site.created([site.raw, site.cow])
    let overlay = site.active(site.cow)
    _ = try site.engine.removeSnapshot(id, of: site.machine, now: site.now)
    let work = try #require(site.engine.drainWork().first)
    site.engine.volumeMerged(work.id, disk: site.raw)
    site.engine.volumeMerged(work.id, disk: site.raw)
    site.engine.finish(work.id, outcome: .failed(reason: "second disk"), now: site.now)
    #expect(site.active(site.raw) == base)
    #expect(site.active(site.cow) == overlay)
    #expect(try site.engine.volumes(of: id, machine: site.machine).map(\.disk) == [site.cow])
    site.expectSound()
  }

  @Test func `a merge that left an illegal image makes the next snapshot a 500`() throws {
    var site = EngineSite()
    let id = try site.created([site.raw])
    _ = try site.engine.removeSnapshot(id, of: site.machine, now: site.now)
    site.settle(.failedIllegal(reason: "pivot failed"))
    #expect(try site.engine.snapshot(id, of: site.machine).status == .ok)
    #expect(fault { () throws(EngineFault) in try site.create() }.status == 500)
    #expect(site.engine.storedVolumes(of: site.raw).map(\.metadata.isLegal) == [true, false])
    site.expectSound()
  }

  @Test(arguments: [MachineStatus.up, .paused, .down])
  func `a machine that is up, paused or down may be merged`(status: MachineStatus) throws {
    var site = EngineSite()
    let id = try site.created([site.raw])
    site.engine.setStatus(status, of: site.machine)
    _ = try site.engine.removeSnapshot(id, of: site.machine, now: site.now)
    #expect(site.engine.drainWork().first?.isLive == (status != .down))
  }

  @Test(arguments: [MachineStatus.migrating, .poweringUp, .notResponding, .suspended, .unknown])
  func `a machine in between is a conflict`(status: MachineStatus) throws {
    var site = EngineSite()
    let id = try site.created([site.raw])
    site.engine.setStatus(status, of: site.machine)
    let refused = fault { () throws(EngineFault) in
      try site.engine.removeSnapshot(id, of: site.machine, now: site.now)
    }
    #expect(refused.status == 409)
  }

  @Test func `the active entry can't be removed, and unknown ones are not found`() throws {
    var site = EngineSite()
    let active = try #require(site.snapshots.last?.id)
    let unknown: SnapshotID = site.engine.freshID()
    let nobody: VirtualMachineID = site.engine.freshID()
    let machine = site.machine
    func refused(_ id: SnapshotID, of machine: VirtualMachineID) -> EngineFault {
      fault { () throws(EngineFault) in try site.engine.removeSnapshot(id, of: machine, now: site.now) }
    }
    #expect(refused(active, of: machine).status == 400)
    #expect(refused(unknown, of: machine).status == 404)
    #expect(refused(unknown, of: nobody) == EngineFault(status: 404, detail: nil))
  }

  @Test func `a disk detached since the snapshot is left alone`() throws {
    var site = EngineSite()
    let id = try site.created([site.raw, site.cow])
    site.engine.detach(site.cow, from: site.machine)
    _ = try site.engine.removeSnapshot(id, of: site.machine, now: site.now)
    #expect(site.engine.unfinishedWork.first?.steps.map(\.disk) == [site.raw])
  }
}
