import DRKit
import OrderedCollections

/// Questions to the engine's database, as REST's GETs ask them; the order is the database's.
extension EngineModel {
  public var allClusters: [EngineCluster] { Array(clusters.values) }
  public var allDomains: [EngineDomain] { Array(domains.values) }
  public var allMachines: [EngineMachine] { Array(machines.values) }
  public var allDisks: [EngineDisk] { Array(disks.values) }
  public var allJobs: [EngineJob] { Array(jobs.values) }

  public func cluster(_ id: ClusterID) -> EngineCluster? { clusters[id] }
  public func domain(_ id: StorageDomainID) -> EngineDomain? { domains[id] }
  public func machine(_ id: VirtualMachineID) -> EngineMachine? { machines[id] }
  public func disk(_ id: DiskID) -> EngineDisk? { disks[id] }
  public func job(_ id: JobID) -> EngineJob? { jobs[id] }

  /// Whether work holds the machine.
  public func isBusy(_ machine: VirtualMachineID) -> Bool { machines[machine]?.operation != nil }

  public func attachedMachines(of disk: DiskID) -> [EngineMachine] {
    machines.values.filter { $0.attachments.contains { $0.disk == disk } }
  }

  /// Machines, running or not, with an active image on the domain (`GET storagedomains/{id}/vms`).
  public func machines(on domain: StorageDomainID) -> [EngineMachine] {
    machines.values.filter { $0.attachments.contains { disks[$0.disk]?.domain == domain } }
  }

  public func disks(on domain: StorageDomainID) -> [EngineDisk] {
    disks.values.filter { $0.domain == domain }
  }

  /// The entry with this id; an `active` one too.
  /// - Throws: 404 with an empty body for the machine, with a fault for the snapshot (R
  ///   `BaseBackendResource.handleError`; docs/real-systems.md, "Engine", Faults and codes).
  public func snapshot(
    _ id: SnapshotID, of machine: VirtualMachineID
  ) throws(EngineFault) -> EngineSnapshot {
    guard let snapshot = try machineOrMissing(machine).snapshots.first(where: { $0.id == id }) else {
      throw .entityMissing("GetSnapshotBySnapshotId", id)
    }
    return snapshot
  }

  /// `vms/{id}/snapshots/{s}/disks`: for a regular snapshot the frozen volume of each of its disks, for the active entry
  /// what guests write to. While a snapshot is being taken its bases already belong to it.
  public func volumes(
    of snapshot: SnapshotID, machine id: VirtualMachineID
  ) throws(EngineFault) -> [DiskVolume] {
    let entry = try self.snapshot(snapshot, of: id)
    let attachments = machines[id]?.attachments ?? []
    var taken: [DiskID: VolumeStep] = [:]
    if let operation = machines[id]?.operation, let item = work[operation]?.work,
      case .snapshot(_, snapshot, let steps) = item.kind
    {
      for step in steps { taken[step.disk] = step }
    }
    var out: [DiskVolume] = []
    for attachment in attachments {
      guard let disk = disks[attachment.disk], canBeSnapshotted(disk) else { continue }
      let index: Int?
      if entry.kind == .active {
        index = disk.chain.count - 1
      } else if let step = taken[disk.id] {
        index = disk.chain.firstIndex { $0.id == step.base }
      } else {
        index = disk.chain.firstIndex { $0.snapshot == snapshot }
      }
      guard let index else { continue }
      out.append(
        DiskVolume(
          disk: disk.id, volume: disk.chain[index].id, parent: index > 0 ? disk.chain[index - 1].id : nil,
          snapshot: snapshot))
    }
    return out
  }

  /// `storagedomains/{id}/disksnapshots`: every volume of the domain, bottom to top per disk; an overlay that is being
  /// created is listed once it exists. Without `includeActive` the leaves are left out.
  public func diskSnapshots(on domain: StorageDomainID, includeActive: Bool) -> [DiskVolume] {
    var coming: [DiskID: VolumeStep] = [:]
    for inHand in work.values where inHand.volumesCreated {
      if case .snapshot(_, _, let steps) = inHand.work.kind {
        for step in steps { coming[step.disk] = step }
      }
    }
    var actives: [DiskID: SnapshotID] = [:]
    for machine in machines.values {
      for attachment in machine.attachments { actives[attachment.disk] = machine.snapshots.last?.id }
    }
    var out: [DiskVolume] = []
    for disk in disks(on: domain) {
      let active = actives[disk.id]
      var parent: VolumeID?
      for (index, volume) in disk.chain.enumerated() {
        let isLeaf = index == disk.chain.count - 1
        if includeActive || !isLeaf || coming[disk.id] != nil {
          out.append(
            DiskVolume(
              disk: disk.id, volume: volume.id, parent: parent,
              snapshot: volume.snapshot ?? (canBeSnapshotted(disk) ? active : nil)))
        }
        parent = volume.id
      }
      if includeActive, let step = coming[disk.id] {
        out.append(DiskVolume(disk: disk.id, volume: step.overlay, parent: parent, snapshot: active))
      }
    }
    return out
  }

  /// The machine's disks in the words of the port.
  public func attachedDisks(of id: VirtualMachineID) -> [AttachedDisk] {
    (machines[id]?.attachments ?? []).compactMap { attachment in
      disks[attachment.disk].map { disk in
        AttachedDisk(
          id: disk.id, alias: disk.alias, activeVolume: disk.activeVolume, format: disk.format,
          provisionedSize: disk.provisionedSize, status: disk.status, storage: disk.storage,
          domains: disk.domain.map { [$0] } ?? [], isShareable: disk.isShareable,
          isReadOnly: attachment.isReadOnly, isActive: attachment.isActive, contentType: disk.contentType)
      }
    }
  }
}
