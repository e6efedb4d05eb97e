import DRKit
import Simulator
import Testing

/// A small site: one Gluster domain, one other, a machine with a raw and a cow disk, a shared one and a LUN.
struct EngineSite {
  var engine: EngineModel
  let domain: StorageDomainID
  let other: StorageDomainID
  let machine: VirtualMachineID
  let raw: DiskID
  let cow: DiskID
  let shared: DiskID
  let lun: DiskID
  /// On the other domain.
  let far: DiskID

  static let start = Instant(epochSeconds: 1_800_000_000)

  init(status: MachineStatus = .up, faults: EngineFaultPlan = EngineFaultPlan()) {
    var engine = EngineModel(seed: 7, faults: faults)
    let cluster = engine.addCluster(name: "Default")
    domain = engine.freshID()
    other = engine.freshID()
    engine.add(EngineDomain(id: domain, name: "data", address: "g1", path: "/data"))
    engine.add(EngineDomain(id: other, name: "other", storageType: "nfs", address: "nas", path: "/x"))
    raw = engine.freshID()
    cow = engine.freshID()
    shared = engine.freshID()
    lun = engine.freshID()
    far = engine.freshID()
    for (id, name, on, format, isShareable) in [
      (raw, "raw", domain, VolumeFormat.raw, false), (cow, "cow", domain, .cow, false),
      (shared, "shared", domain, .raw, true), (far, "far", other, .raw, false),
    ] {
      engine.add(
        EngineDisk(
          id: id, alias: name, domain: on, provisionedSize: 1 << 30, isShareable: isShareable,
          chain: [ChainVolume(id: engine.freshID(), format: format, created: Self.start)]))
    }
    engine.add(
      EngineDisk(id: lun, alias: "lun", storage: .lun, domain: nil, provisionedSize: 1 << 30, chain: []))
    machine = engine.freshID()
    engine.add(
      EngineMachine(
        id: machine, name: "web", status: status, cluster: cluster,
        attachments: [raw, cow, shared, lun, far].map { EngineAttachment(disk: $0) }),
      now: Self.start)
    self.engine = engine
  }

  var now: Instant { Self.start + .seconds(60) }

  func active(_ disk: DiskID) -> VolumeID { engine.disk(disk)?.activeVolume ?? .blank }

  var snapshots: [EngineSnapshot] { engine.machine(machine)?.snapshots ?? [] }

  mutating func create(
    _ description: String? = "run", memory: Bool = false, _ disks: [SnapshotRequest.Choice]? = nil
  ) throws(EngineFault) -> SnapshotID {
    try engine.createSnapshot(
      of: machine, SnapshotRequest(description: description, persistsMemory: memory, disks: disks), now: now)
  }

  /// Creates a snapshot of the disks and lets it succeed.
  @discardableResult
  mutating func created(_ disks: [DiskID]) throws -> SnapshotID {
    let id = try create("run", disks.map { .init(disk: $0) })
    settle()
    return id
  }

  /// Finishes all work that is there.
  mutating func settle(_ outcome: WorkOutcome = .done) {
    for work in engine.drainWork() {
      engine.snapshotVolumesCreated(work.id)
      engine.finish(work.id, outcome: outcome, now: now)
    }
  }

  func expectSound(_ location: SourceLocation = #_sourceLocation) {
    #expect(engine.checkInvariants().isEmpty, sourceLocation: location)
  }
}

/// Runs the verb, which must be refused, and returns the fault.
func fault<Value>(
  _ location: SourceLocation = #_sourceLocation, _ verb: () throws(EngineFault) -> Value
) -> EngineFault {
  do {
    _ = try verb()
    Issue.record("was not refused", sourceLocation: location)
    return EngineFault(status: 0, detail: nil)
  } catch {
    return error
  }
}
