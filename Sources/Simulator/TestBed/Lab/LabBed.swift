import DRKit
import Simulator

/// The test bed's lab mode: the machines of an engine's model as real images on mounted volumes, with a storage daemon and
/// a writing guest for each one that runs.
///
/// Build it from the model that the REST server will serve, `start` it, hand its `performer` to whoever drives the engine's
/// work, and `stop` it at the end.
public final class LabBed: Sendable {
  private let settings: LabSettings
  private let storage: LabStorekeeper
  private let domains: [LabDomain]
  /// Per domain the images that belong to no machine of the lab (OVF_STORE, floating disks).
  private let loose: [[[EngineModel.StoredVolume]]]
  private let machines: [(machine: LabMachine, runs: Bool)]
  private let log = LabOperationLog()
  private let work: LabPerformer

  /// - Parameter storage: The mounts. A disk on a domain without one is left out, and so is a machine without any disk
  ///   in the lab.
  /// - Throws: `.unfit` for settings out of range, or a mount for a domain that the model does not have.
  public init(engine: EngineModel, storage mounts: [LabStorage], settings: LabSettings) throws(DRError) {
    guard 1...1_000 ~= settings.rate, settings.blocks > 0, settings.blocks & (settings.blocks - 1) == 0 else {
      throw DRError(
        .unfit, "set up the lab", reason: "rate \(settings.rate), \(settings.blocks) blocks",
        remedy: "a rate of 1 to 1000 writes/s and a power of two of blocks")
    }
    self.settings = settings
    storage = try LabStorekeeper()
    var domains: [LabDomain] = []
    for mount in mounts {
      guard let domain = engine.domain(mount.domain) else {
        throw DRError(
          .unfit, "set up the lab", "\(mount.domain)", reason: "the engine has no such storage domain")
      }
      domains.append(
        LabDomain(
          id: domain.id, name: domain.name,
          remotePath: "\(domain.address):\(domain.path.hasPrefix("/") ? "" : "/")\(domain.path)",
          mount: mount.mount, pool: engine.dataCenter.id))
    }
    self.domains = domains

    var machines: [(machine: LabMachine, runs: Bool)] = []
    var taken: Set<DiskID> = []
    for machine in engine.allMachines {
      var disks: [LabMachine.Disk] = []
      for attachment in machine.attachments {
        guard let disk = engine.disk(attachment.disk), disk.storage == .image,
          let domain = domains.first(where: { $0.id == disk.domain })
        else { continue }
        // A shareable disk belongs to the first machine that has it: two writers would spoil each other's stamps.
        guard taken.insert(disk.id).inserted else { continue }
        disks.append(
          LabMachine.Disk(
            id: disk.id, alias: disk.alias, domain: domain, volumes: engine.storedVolumes(of: disk.id),
            isWritten: attachment.isActive && !attachment.isReadOnly && disk.contentType == "data",
            isShareable: disk.isShareable))
      }
      guard !disks.isEmpty else { continue }
      machines.append(
        (
          try LabMachine(name: machine.name, id: machine.id, disks: disks, settings: settings),
          machine.status.mayWrite
        ))
    }
    self.machines = machines
    loose = domains.map { domain in
      engine.disks(on: domain.id).filter { $0.storage == .image && !taken.contains($0.id) }
        .map { engine.storedVolumes(of: $0.id) }
    }
    work = LabPerformer(
      storage: storage,
      machines: Dictionary(uniqueKeysWithValues: machines.map { ($0.machine.id, $0.machine) }),
      domains: Dictionary(uniqueKeysWithValues: domains.map { ($0.id, $0) }), log: log)
  }

  /// Does the engine's work from `start` to `stop`.
  public var performer: any WorkPerformer { work }

  /// Creates what is missing on the volumes, and starts the machines that run. A guest goes on where an earlier one on
  /// the same images stopped.
  ///
  /// - Throws: What went wrong first; everything that was started is stopped then.
  public func start() async throws(DRError) {
    do throws(DRError) {
      try await storage.makeDirectory(settings.runDirectory)
      for (domain, images) in zip(domains, loose) { try await storage.create(domain, images) }
      try await startMachines()
    } catch {
      for entry in machines { await entry.machine.stop() }
      throw error
    }
  }

  private func startMachines() async throws(DRError) {
    let first: DRError? = await withTaskGroup(of: DRError?.self) { group in
      for entry in machines {
        group.addTask {
          do throws(DRError) {
            try await entry.machine.createImages()
            if entry.runs { try await entry.machine.start() }
            return nil
          } catch {
            return error
          }
        }
      }
      var first: DRError?
      for await failure in group where first == nil { first = failure }
      return first
    }
    if let first { throw first }
  }

  /// A guest starts (its machine comes up) or ends. The engine's model is the caller's to tell.
  public func setRunning(_ id: VirtualMachineID, _ runs: Bool) async throws(DRError) {
    guard let machine = machines.first(where: { $0.machine.id == id })?.machine else {
      throw DRError(.missing, "start or stop a machine", "\(id)", reason: "the lab was started without it")
    }
    if runs { try await machine.start() } else { await machine.stop() }
  }

  /// Ends all guests, then their daemons, and writes the report. May be called again.
  public func stop() async throws(DRError) {
    await withTaskGroup(of: Void.self) { group in
      for entry in machines { group.addTask { await entry.machine.stop() } }
    }
    try await writeReport()
  }

  /// Writes the report as it stands now, if the settings name a file for it.
  public func writeReport() async throws(DRError) {
    guard let path = settings.reportPath else { return }
    try await storage.write(await report(), to: path)
  }

  /// The report as JSON text: per machine the longest pause between two writes and its latencies, per disk what
  /// `stamps.py` must be told, and every operation's times.
  public func report() async -> String {
    var conditions: [LabMachine.Condition] = []
    for entry in machines { conditions.append(await entry.machine.condition) }
    return LabReport.make(conditions, log.all).pretty
  }
}
