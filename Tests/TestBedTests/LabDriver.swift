import DRKit
import Simulator
import Testing

@testable import TestBed

/// Drives the standard lab site as the REST server would, and judges what lies on its directories.
actor LabDriver {
  nonisolated let site: LabSite
  nonisolated let bed: LabBed
  private let place: Directory
  private(set) var engine: EngineModel
  /// How work ended that did not end well.
  private(set) var log: [String] = []

  init(_ place: Directory, faults: EngineFaultPlan = EngineFaultPlan()) throws {
    self.place = place
    for name in ["data", "other"] { try LabFiles.makeDirectory("\(place.path)/\(name)") }
    func volume(_ name: String) -> LabSite.Volume {
      .init(name: name, address: "a1", volume: name, mount: "\(place.path)/\(name)")
    }
    var site = LabSite.standard(
      seed: 5, primary: volume("data"), other: volume("other"), diskSize: 8 << 20)
    site.engine.faults = faults
    self.site = site
    engine = site.engine
    var settings = LabSettings(runDirectory: "\(place.path)/run", reportPath: "\(place.path)/report.json")
    settings.blocks = 256
    settings.rate = 400
    bed = try LabBed(engine: site.engine, storage: site.storage, settings: settings)
  }

  private var now: Instant { Instant(nanoseconds: Int64(LabTime.wall())) }

  var machines: [EngineMachine] { engine.machines(on: site.domain) }

  func updateOVF() async throws {
    try engine.updateOVFStore(of: site.domain, now: now)
    try await work()
  }

  /// Asks for a snapshot of the machine's disks on the protected domain.
  func snapshot(_ machine: EngineMachine) throws {
    let disks = engine.attachedDisks(of: machine.id).filter { !$0.isShareable && $0.domains == [site.domain] }
    _ = try engine.createSnapshot(
      of: machine.id,
      SnapshotRequest(description: "test", persistsMemory: false, disks: disks.map { .init(disk: $0.id) }),
      now: now)
  }

  func remove(_ snapshot: SnapshotID, of machine: EngineMachine) async throws {
    try engine.removeSnapshot(snapshot, of: machine.id, now: now)
    try await work()
  }

  func removeSnapshots(_ machine: EngineMachine) async throws {
    for snapshot in engine.machine(machine.id)?.snapshots ?? [] where snapshot.kind == .regular {
      try await remove(snapshot.id, of: machine)
    }
  }

  /// Has all work done that the engine asks for, side by side.
  func work() async throws {
    let (items, engine) = (engine.drainWork(), engine)
    let performer = bed.performer
    await withTaskGroup(of: Void.self) { group in
      for item in items {
        group.addTask {
          let outcome = await performer.perform(item, engine: engine) { await self.note($0, item.id) }
          await self.finish(item.id, outcome)
        }
      }
    }
  }

  private func note(_ stage: WorkStage, _ id: WorkID) {
    switch stage {
    case .volumesCreated: engine.snapshotVolumesCreated(id)
    case .merged(let disk): engine.volumeMerged(id, disk: disk)
    }
  }

  private func finish(_ id: WorkID, _ outcome: WorkOutcome) {
    if outcome != .done { log.append("\(outcome)") }
    engine.finish(id, outcome: outcome, now: now)
  }

  // MARK: - Judging

  private func directory(of disk: EngineDisk) throws -> (path: String, domain: StorageDomainID) {
    let domain = try #require(disk.domain)
    return ("\(place.path)/\(domain == site.domain ? "data" : "other")", domain)
  }

  /// The image's directory holds exactly what the engine thinks, with the metadata that vdsm would have written.
  func expectStored(_ id: DiskID) throws {
    let disk = try #require(engine.disk(id))
    let (mount, domain) = try directory(of: disk)
    var expected: Set<String> = []
    for volume in engine.storedVolumes(of: id) {
      for suffix in ["", ".meta", ".lease"] { expected.insert("\(volume.volume)\(suffix)") }
      let text = MetadataText(
        try LabFiles.text("\(mount)/\(VDSMLayout.metadataPath(domain, id, volume.volume))"))
      let wanted = MetadataText(volume.metadata.render())
      for key in [
        "CAP", "DISKTYPE", "DOMAIN", "FORMAT", "GEN", "IMAGE", "LEGALITY", "PUUID", "SEQ", "VOLTYPE",
      ] {
        #expect(text[key] == wanted[key], "\(key) of \(volume.volume), \(disk.alias)")
      }
    }
    let listing = try ChildProcess.run(
      ["ls", "\(mount)/\(VDSMLayout.imageDirectory(domain, id))"], within: .seconds(300))
    #expect(Set(listing.split(separator: "\n").map(String.init)) == expected, "\(disk.alias)")
  }

  /// The bases of all disks that have an overlay.
  func checkBases() throws -> [String: StampCheck] {
    var checks: [String: StampCheck] = [:]
    for disk in engine.allDisks where disk.chain.count > 1 {
      let (mount, domain) = try directory(of: disk)
      let path = "\(mount)/\(VDSMLayout.volumePath(domain, disk.id, disk.chain[0].id))"
      checks[disk.alias] = try check(
        ImageFile(path: path, format: disk.chain[0].format), shape(disk.id))
    }
    return checks
  }

  /// After the bed stopped: every disk holds an exact run of writes, up to what its guest was acknowledged last.
  func expectFinalImages() async throws {
    for machine in try await report()["machines"]?.array ?? [] {
      let last = UInt64(machine["last_sequence"]?.integer ?? 0)
      #expect(machine["failure"] == nil && machine["io_errors"]?.integer ?? 0 == 0)
      for disk in machine["disks"]?.array ?? [] {
        let format: VolumeFormat = disk["format"] == "raw" ? .raw : .cow
        let shape = try Shape(disk)
        let check = try check(ImageFile(path: try #require(disk["image"]?.string), format: format), shape)
        #expect(check.isExact && last < check.lastSequence + shape.disks, "\(disk), \(check)")
      }
    }
  }

  func lastSequences() async throws -> [String: Int64] {
    var out: [String: Int64] = [:]
    for machine in try await report()["machines"]?.array ?? [] where machine["last_sequence"] != nil {
      out[try #require(machine["name"]?.string)] = machine["last_sequence"]?.integer
    }
    return out
  }

  private func report() async throws -> LabJSON { try LabJSON(parsing: await bed.report().utf8) }

  /// What a checker must know of a disk.
  private struct Shape {
    var index, disks, blocks: UInt64

    init(_ disk: LabJSON) throws {
      func number(_ name: String) throws -> UInt64 { UInt64(try #require(disk[name]?.integer)) }
      (index, disks, blocks) = (try number("index"), try number("disks"), try number("blocks"))
    }

    init(index: UInt64, disks: UInt64, blocks: UInt64) {
      (self.index, self.disks, self.blocks) = (index, disks, blocks)
    }
  }

  /// Index and number of disks as the bed deals them out: in the order of attachment, a disk to its first machine.
  private func shape(_ id: DiskID) throws -> Shape {
    var taken: Set<DiskID> = []
    for machine in engine.allMachines {
      let own = machine.attachments.map(\.disk).filter { taken.insert($0).inserted }
      if let index = own.firstIndex(of: id) {
        return Shape(index: UInt64(index), disks: UInt64(own.count), blocks: 256)
      }
    }
    throw DRError(.missing, "find a disk", "\(id)", reason: "no machine has it")
  }

  private func check(_ image: ImageFile, _ shape: Shape) throws -> StampCheck {
    let raw = place.path + "/check.raw"
    try ImageTool.convert(image, toRaw: raw)
    let bytes = try LabFiles.bytes(raw)
    return StampCheck.run(disk: UInt32(shape.index), disks: shape.disks, blocks: shape.blocks) {
      Array(bytes[(Int($0) * Stamp.size)..<((Int($0) + 1) * Stamp.size)])
    }
  }
}
