import DRKit
import OrderedCollections

/// The simulated oVirt engine: its database and its verbs, as a value.
///
/// Sans-IO: no clock (every verb is told `now`), no randomness (ids come from a seeded source), no waiting. What takes
/// time is handed out by `drainWork` and reported back by `snapshotVolumesCreated`, `volumeMerged` and `finish`. The same
/// model serves the simulated world, the REST test bed and the lab with real qemu.
public struct EngineModel: Sendable {
  public internal(set) var dataCenter: EngineDataCenter
  var clusters: OrderedDictionary<ClusterID, EngineCluster> = [:]
  var domains: OrderedDictionary<StorageDomainID, EngineDomain> = [:]
  var machines: OrderedDictionary<VirtualMachineID, EngineMachine> = [:]
  var disks: OrderedDictionary<DiskID, EngineDisk> = [:]
  var jobs: OrderedDictionary<JobID, EngineJob> = [:]
  /// Oldest first; `index` increases by one.
  public internal(set) var events: [LoggedEvent] = []
  public var faults: EngineFaultPlan

  var ids: EngineIDSource
  var work: OrderedDictionary<WorkID, WorkInHand> = [:]
  var undrained: [EngineWork] = []
  var lastWork = 0
  /// Calls so far by verb (a nil machine counts all of them): what the fault plan's numbers refer to.
  var calls: [CallKey: Int] = [:]
  /// (origin, custom id) of every external event ever posted; membership only.
  var externalKeys: Set<ExternalEventKey> = []

  /// - Parameter seed: of the ids that the engine gives out; equal seeds and equal calls give equal models.
  public init(seed: UInt64, dataCenterName: String = "Default", faults: EngineFaultPlan = EngineFaultPlan()) {
    ids = EngineIDSource(seed: seed)
    dataCenter = EngineDataCenter(id: .blank, name: dataCenterName)
    self.faults = faults
    dataCenter.id = ids.next()
  }

  struct CallKey: Hashable, Sendable {
    var verb: EngineFaultPlan.Verb
    var machine: VirtualMachineID?
  }
}

// MARK: Building a site

extension EngineModel {
  /// An id from the model's own source, for whoever builds the site.
  public mutating func freshID<Kind>(_ kind: Kind.Type = Kind.self) -> Identifier<Kind> { ids.next(kind) }

  @discardableResult
  public mutating func addCluster(name: String) -> ClusterID {
    let id: ClusterID = ids.next()
    clusters[id] = EngineCluster(id: id, name: name)
    return id
  }

  public mutating func add(_ domain: EngineDomain) { domains[domain.id] = domain }

  public mutating func add(_ disk: EngineDisk) { disks[disk.id] = disk }

  /// Adds the machine with its active snapshot entry ("Active VM"), which every machine has.
  public mutating func add(_ machine: EngineMachine, now: Instant) {
    var machine = machine
    if machine.snapshots.isEmpty {
      machine.snapshots = [
        EngineSnapshot(id: ids.next(), kind: .active, description: "Active VM", date: now)
      ]
    }
    machines[machine.id] = machine
  }

  /// Changes a domain's status, free space or external status from outside (an administrator, the storage itself).
  public mutating func updateDomain(_ id: StorageDomainID, _ change: (inout EngineDomain) -> Void) {
    guard var domain = domains[id] else { return }
    change(&domain)
    domains[id] = domain
  }

  /// Changes a disk's record from outside (an administrator extends it, the engine finds it illegal).
  public mutating func updateDisk(_ id: DiskID, _ change: (inout EngineDisk) -> Void) {
    guard var disk = disks[id] else { return }
    change(&disk)
    disks[id] = disk
  }

  /// Attaches a disk to a machine that exists; a second attachment of the same disk replaces the first.
  public mutating func attach(_ attachment: EngineAttachment, to machine: VirtualMachineID) {
    machines[machine]?.attachments.removeAll { $0.disk == attachment.disk }
    machines[machine]?.attachments.append(attachment)
  }

  /// Unplugs and detaches a disk; the disk stays.
  public mutating func detach(_ disk: DiskID, from machine: VirtualMachineID) {
    machines[machine]?.attachments.removeAll { $0.disk == disk }
  }

  /// Removes a machine and the disks that only it had, unless work on it is under way.
  public mutating func removeMachine(_ id: VirtualMachineID) {
    guard let machine = machines[id], machine.operation == nil else { return }
    machines.removeValue(forKey: id)
    for attachment in machine.attachments where attachedMachines(of: attachment.disk).isEmpty {
      disks.removeValue(forKey: attachment.disk)
    }
  }
}

// MARK: Shared by the verbs

extension EngineModel {
  func machineOrMissing(_ id: VirtualMachineID) throws(EngineFault) -> EngineMachine {
    guard let machine = machines[id] else { throw .missing }
    return machine
  }

  /// Counts the call and applies the fault plan to it: throws a refusal, or returns the reason why its work is doomed.
  mutating func injectedFault(
    _ verb: EngineFaultPlan.Verb, machine: VirtualMachineID?
  ) throws(EngineFault) -> String? {
    calls[CallKey(verb: verb, machine: nil), default: 0] += 1
    let overall = calls[CallKey(verb: verb, machine: nil)] ?? 0
    var ofMachine = overall
    if let machine {
      calls[CallKey(verb: verb, machine: machine), default: 0] += 1
      ofMachine = calls[CallKey(verb: verb, machine: machine)] ?? 0
    }
    switch faults.effect(on: verb, machine: machine, ofMachine: ofMachine, overall: overall) {
    case .refuse(let status, let detail): throw EngineFault(status: status, detail: "[\(detail)]")
    case .failWork(let reason): return reason
    case nil: return nil
    }
  }

  /// 409 with the engine's words when the machine is busy (C `errors/EngineMessage.java`).
  func requireUnlocked(_ machine: EngineMachine, for verb: String) throws(EngineFault) {
    if let operation = machine.operation, let inHand = work[operation] {
      switch inHand.work.kind {
      case .snapshot:
        throw .conflict("Cannot \(verb): Snapshot is currently being created for VM \(machine.name).")
      case .merge:
        throw .conflict(
          "Cannot \(verb): The VM is performing an operation on a Snapshot. "
            + "Please wait for the operation to finish, and try again.")
      case .updateOVF:
        break
      }
    }
    if machine.status == .imageLocked {
      throw .conflict("Cannot \(verb): VM is locked. Please try again in a few minutes.")
    }
  }

  /// 409 unless each domain is active and has room.
  func requireUsable(
    _ wanted: OrderedSet<StorageDomainID>, for verb: String
  ) throws(EngineFault) {
    for id in wanted {
      guard let domain = domains[id] else { continue }
      if domain.status != .active {
        throw .conflict(
          "Cannot \(verb). The relevant Storage Domain's status is "
            + "\(domain.status.rawValue.capitalisedWord).")
      }
      if domain.available < Int64(domain.criticalSpaceBlocker) << 30 {
        throw .conflict("Cannot \(verb). Low disk space on Storage Domain \(domain.name).")
      }
    }
  }

  mutating func begin(_ kind: EngineWork.Kind, isLive: Bool, doomed: String?) -> EngineWork {
    lastWork += 1
    let item = EngineWork(id: WorkID(lastWork), kind: kind, isLive: isLive, doomed: doomed)
    undrained.append(item)
    return item
  }

  mutating func beginJob(_ description: String, correlationID: String?, now: Instant) -> JobID {
    let id: JobID = ids.next()
    jobs[id] = EngineJob(
      id: id, description: description, status: .started, start: now, end: nil, correlationID: correlationID)
    return id
  }

  mutating func endJob(_ id: JobID?, _ status: EngineJob.Status, now: Instant) {
    guard let id else { return }
    jobs[id]?.status = status
    jobs[id]?.end = now
  }
}

extension String {
  fileprivate var capitalisedWord: String {
    guard let first else { return self }
    return first.uppercased() + dropFirst()
  }
}
