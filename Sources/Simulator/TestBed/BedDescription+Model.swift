import DRKit
import Simulator

extension BedDescription {
  /// The engine that knows this site.
  /// - Throws: `.unfit`, naming the machine or disk that refers to something that is not there, or stands twice.
  public func model(now: Instant) throws(DRError) -> EngineModel {
    var engine = EngineModel(seed: seed, dataCenterName: dataCenter)
    var clusterIDs: [String: ClusterID] = [:]
    for name in clusters { clusterIDs[name] = engine.addCluster(name: name) }
    let domainIDs = try addDomains(to: &engine)
    let diskIDs = try addDisks(to: &engine, domainIDs, now: now)
    var machineIDs: [String: VirtualMachineID] = [:]
    for machine in machines {
      guard machineIDs[machine.name] == nil else {
        throw Self.unfit("machine", machine.name, "stands twice")
      }
      let clusterName = machine.cluster ?? clusters.first ?? ""
      guard let cluster = clusterIDs[clusterName] else {
        throw Self.unfit("machine", machine.name, "cluster \"\(clusterName)\" does not exist")
      }
      var attachments: [EngineAttachment] = []
      for name in machine.disks {
        guard let disk = diskIDs[name] else {
          throw Self.unfit("machine", machine.name, "disk \"\(name)\" does not exist")
        }
        attachments.append(EngineAttachment(disk: disk, isBootable: attachments.isEmpty))
      }
      let id: VirtualMachineID = machine.id ?? engine.freshID()
      machineIDs[machine.name] = id
      engine.add(
        EngineMachine(
          id: id, name: machine.name, status: machine.status ?? .up,
          origin: machine.origin ?? "ovirt", cluster: cluster, attachments: attachments),
        now: now)
    }
    for fault in faults {
      let machine = fault.machine.flatMap { machineIDs[$0] }
      if let name = fault.machine, machine == nil {
        throw Self.unfit("fault", fault.verb.rawValue, "machine \"\(name)\" does not exist")
      }
      engine.faults.rules.append(.init(fault.verb, machine: machine, calls: fault.calls, fault.effect))
    }
    if let broken = engine.checkInvariants().first { throw Self.unfit("bed", "", broken) }
    return engine
  }

  private func addDomains(to engine: inout EngineModel) throws(DRError) -> [String: StorageDomainID] {
    var out: [String: StorageDomainID] = [:]
    for (index, domain) in domains.enumerated() {
      guard out[domain.name] == nil else { throw Self.unfit("storage domain", domain.name, "stands twice") }
      let id: StorageDomainID = domain.id ?? engine.freshID()
      out[domain.name] = id
      engine.add(
        EngineDomain(
          id: id, name: domain.name, storageType: domain.type ?? "glusterfs", address: domain.address,
          path: domain.path, isMaster: index == 0, available: domain.available ?? 1 << 40))
    }
    return out
  }

  private func addDisks(
    to engine: inout EngineModel, _ domainIDs: [String: StorageDomainID], now: Instant
  ) throws(DRError) -> [String: DiskID] {
    var out: [String: DiskID] = [:]
    for disk in disks {
      guard out[disk.name] == nil else { throw Self.unfit("disk", disk.name, "stands twice") }
      let storage = disk.storage ?? .image
      var domain: StorageDomainID?
      if storage == .image {
        guard let id = disk.domain.flatMap({ domainIDs[$0] }) else {
          throw Self.unfit("disk", disk.name, "storage domain \"\(disk.domain ?? "")\" does not exist")
        }
        domain = id
      }
      let id: DiskID = disk.id ?? engine.freshID()
      let volume = ChainVolume(id: disk.volume ?? engine.freshID(), format: disk.format ?? .raw, created: now)
      out[disk.name] = id
      engine.add(
        EngineDisk(
          id: id, alias: disk.name, storage: storage, domain: domain, contentType: disk.content ?? "data",
          provisionedSize: disk.size, isShareable: disk.shareable ?? false,
          chain: storage == .image ? [volume] : []))
    }
    return out
  }

  private static func unfit(_ kind: String, _ name: String, _ reason: String) -> DRError {
    DRError(
      .unfit, "build the bed", "\(kind) \(name)", reason: reason, remedy: "correct the bed's description")
  }
}
