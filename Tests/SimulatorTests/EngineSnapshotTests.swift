import DRKit
import Simulator
import Testing

struct EngineSnapshotTests {
  @Test func `the old active entry's id becomes the regular snapshot's, and the active entry gets a new one`()
    throws
  {
    var site = EngineSite()
    let before = try #require(site.snapshots.first)
    let id = try site.create()
    #expect(id == before.id)
    #expect(site.snapshots.map(\.kind) == [.regular, .active])
    #expect(site.snapshots[0].id == id)
    #expect(site.snapshots[1].id != id)
    site.expectSound()
  }

  @Test func `guests write to the base until the snapshot is done`() throws {
    var site = EngineSite()
    let base = site.active(site.raw)
    let overlay: VolumeID = site.engine.freshID()
    let id = try site.create("run", [.init(disk: site.raw, overlay: overlay)])
    let work = try #require(site.engine.drainWork().first)
    #expect(site.engine.drainWork().isEmpty)
    #expect(work.steps.map(\.overlay) == [overlay])
    #expect(site.snapshots[0].status == .locked)
    site.engine.snapshotVolumesCreated(work.id)
    #expect(site.active(site.raw) == base)
    #expect(site.engine.disk(site.raw)?.status == .locked)
    let stored = site.engine.storedVolumes(of: site.raw)
    #expect(stored.map(\.volume) == [base, overlay])
    #expect(stored.map(\.metadata.role) == [.inner, .leaf])
    site.engine.finish(work.id, outcome: .done, now: site.now)
    #expect(site.active(site.raw) == overlay)
    #expect(site.snapshots[0].status == .ok)
    #expect(site.engine.disk(site.raw)?.status == .ok)
    #expect(try site.engine.volumes(of: id, machine: site.machine).map(\.volume) == [base])
    site.expectSound()
  }

  @Test func `the frozen volume is known while the snapshot is still locked`() throws {
    var site = EngineSite()
    let base = site.active(site.cow)
    let id = try site.create("run", [.init(disk: site.cow)])
    #expect(try site.engine.volumes(of: id, machine: site.machine).map(\.volume) == [base])
  }

  @Test func `without a list, every disk but LUNs and shareable ones is taken`() throws {
    var site = EngineSite()
    _ = try site.create()
    let work = try #require(site.engine.drainWork().first)
    #expect(work.steps.map(\.disk) == [site.raw, site.cow, site.far])
  }

  @Test func `a disk that can't be snapshotted is refused when it is asked for`() {
    var site = EngineSite()
    for disk in [site.shared, site.lun] {
      #expect(fault { () throws(EngineFault) in try site.create("run", [.init(disk: disk)]) }.status == 400)
    }
    let unknown: DiskID = site.engine.freshID()
    #expect(fault { () throws(EngineFault) in try site.create("run", [.init(disk: unknown)]) }.status == 400)
    #expect(site.engine.drainWork().isEmpty)
    site.expectSound()
  }

  @Test func `a description is required`() {
    var site = EngineSite()
    for text in [nil, ""] {
      let refused = fault { () throws(EngineFault) in try site.create(text) }
      #expect(refused.status == 400)
      #expect(refused.detail?.contains("description") == true)
    }
  }

  @Test func `an overlay id that the disk already has is a conflict`() throws {
    var site = EngineSite()
    let base = site.active(site.raw)
    let refused = fault { () throws(EngineFault) in
      try site.create("run", [.init(disk: site.raw, overlay: base)])
    }
    #expect(refused.status == 409)
    #expect(refused.detail?.contains("already exists") == true)
  }

  @Test func `a second operation on a busy machine is a conflict that names the first`() throws {
    var site = EngineSite()
    let id = try site.create()
    var refused = fault { () throws(EngineFault) in try site.create() }
    #expect(refused.status == 409)
    #expect(refused.detail?.contains("Snapshot is currently being created for VM web") == true)
    site.settle()
    _ = try site.engine.removeSnapshot(id, of: site.machine, now: site.now)
    refused = fault { () throws(EngineFault) in try site.create() }
    #expect(refused.status == 409)
    #expect(refused.detail?.contains("performing an operation on a Snapshot") == true)
  }

  @Test func `a disk in use by another machine's work is a conflict`() throws {
    var site = EngineSite()
    site.engine.updateDisk(site.cow) { $0.status = .locked }
    let refused = fault { () throws(EngineFault) in try site.create() }
    #expect(refused.status == 409)
    #expect(refused.detail?.contains("disks are locked: cow") == true)
  }

  @Test func `illegal disks are a 500 that is a verdict`() {
    var site = EngineSite()
    site.engine.updateDisk(site.cow) { $0.status = .illegal }
    let refused = fault { () throws(EngineFault) in try site.create() }
    #expect(refused.status == 500)
    #expect(refused.detail?.contains("ILLEGAL") == true)
    #expect(refused.detail?.contains("cow") == true)
  }

  @Test(arguments: [
    (MachineStatus.migrating, "migration"),
    (.imageLocked, "VM is locked. Please try again in a few minutes."),
  ])
  func `a machine that can't be snapshotted now is a conflict`(status: MachineStatus, words: String) {
    var site = EngineSite(status: status)
    let refused = fault { () throws(EngineFault) in try site.create() }
    #expect(refused.status == 409)
    #expect(refused.detail?.contains(words) == true)
  }

  @Test func `a full or inactive domain is a conflict, and only for disks on it`() throws {
    var site = EngineSite()
    site.engine.updateDomain(site.other) { $0.available = 1 << 30 }
    let refused = fault { () throws(EngineFault) in try site.create() }
    #expect(refused.detail?.contains("Low disk space on Storage Domain other") == true)
    site.engine.updateDomain(site.other) { $0.status = .maintenance }
    #expect(fault { () throws(EngineFault) in try site.create() }.status == 409)
    try site.created([site.raw, site.cow])
    site.expectSound()
  }

  @Test func `memory is saved unless the caller says no, and only of a running machine`() throws {
    #expect(SnapshotRequest(description: "x").persistsMemory)
    var site = EngineSite()
    let disks = site.engine.allDisks.count
    let id = try site.create("with memory", memory: true)
    #expect(site.snapshots[0].persistsMemory)
    #expect(site.engine.allDisks.count == disks + 2)
    site.expectSound()
    site.settle()
    site.expectSound()
    _ = try site.engine.removeSnapshot(id, of: site.machine, now: site.now)
    site.settle()
    #expect(site.engine.allDisks.count == disks)
    var down = EngineSite(status: .down)
    _ = try down.create("no memory to save", memory: true)
    #expect(!down.snapshots[0].persistsMemory)
    #expect(down.engine.allDisks.count == disks)
  }

  @Test func `a machine that is down is image_locked meanwhile, and down again after`() throws {
    var site = EngineSite(status: .down)
    _ = try site.create()
    #expect(site.engine.machine(site.machine)?.status == .imageLocked)
    #expect(site.engine.drainWork().first?.isLive == false)
    let work = try #require(site.engine.unfinishedWork.first)
    site.engine.finish(work.id, outcome: .done, now: site.now)
    #expect(site.engine.machine(site.machine)?.status == .down)
  }

  @Test func `a failed snapshot vanishes, its id is the active entry's again, and an event tells`() throws {
    var site = EngineSite()
    let base = site.active(site.raw)
    let id = try site.create()
    site.settle(.failed(reason: "no space left on device"))
    #expect(site.snapshots.map(\.kind) == [.active])
    #expect(site.snapshots[0].id == id)
    #expect(site.active(site.raw) == base)
    #expect(site.engine.events.last?.code == 69)
    #expect(site.engine.allJobs.last?.status == .failed)
    site.expectSound()
    try site.created([site.raw])
  }

  @Test func `a snapshot in use despite its failure stays, with a warning`() throws {
    var site = EngineSite()
    _ = try site.create()
    site.settle(.failedInUse(reason: "agent did not answer"))
    #expect(site.snapshots.map(\.status) == [.ok, .ok])
    #expect(site.engine.events.contains { $0.severity == .warning })
    site.expectSound()
  }

  @Test func `a report on unknown or finished work changes nothing`() throws {
    var site = EngineSite()
    _ = try site.create()
    let work = try #require(site.engine.drainWork().first)
    site.engine.finish(work.id, outcome: .done, now: site.now)
    let events = site.engine.events
    site.engine.finish(work.id, outcome: .failed(reason: "late"), now: site.now)
    site.engine.snapshotVolumesCreated(work.id)
    site.engine.finish(WorkID(99), outcome: .done, now: site.now)
    #expect(site.engine.events == events)
    #expect(site.snapshots.count == 2)
    site.expectSound()
  }

  @Test func `an overlay that is being created is listed once it exists`() throws {
    var site = EngineSite()
    let overlay: VolumeID = site.engine.freshID()
    _ = try site.create("run", [.init(disk: site.raw, overlay: overlay)])
    func listed() -> Bool {
      site.engine.diskSnapshots(on: site.domain, includeActive: true).contains { $0.volume == overlay }
    }
    #expect(!listed())
    let work = try #require(site.engine.drainWork().first)
    site.engine.snapshotVolumesCreated(work.id)
    #expect(listed())
  }
}
