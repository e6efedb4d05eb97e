import DRKit
import OrderedCollections

extension EngineModel {
  /// Begins the removal of a snapshot: each overlay directly above the snapshot's volumes is to be committed into them.
  /// Returns when the command *started*: the snapshot is `locked` until it vanishes (merged) or is `ok` again (failed).
  /// - Returns: the job, as in the `<action><job id>` of the answer.
  /// - Throws: 404 no such machine or snapshot; 409 busy, or the machine neither up, paused nor down, in preview, domain
  ///   not active or full; 400 a snapshot that is not regular (B `snapshots/RemoveSnapshotCommand`).
  @discardableResult
  public mutating func removeSnapshot(
    _ snapshotID: SnapshotID, of machineID: VirtualMachineID, correlationID: String? = nil, now: Instant
  ) throws(EngineFault) -> JobID {
    let machine = try machineOrMissing(machineID)
    guard let snapshot = machine.snapshots.first(where: { $0.id == snapshotID }) else {
      throw .entityMissing("GetSnapshotBySnapshotId", snapshotID)
    }
    let doomed = try injectedFault(.removeSnapshot, machine: machineID)
    let verb = "remove Snapshot"
    if snapshot.kind != .regular {
      throw .bad("Cannot \(verb). The snapshot is of type \(snapshot.kind.rawValue).")
    }
    try requireUnlocked(machine, for: verb)
    if machine.snapshots.contains(where: { $0.status == .inPreview }) {
      throw .conflict("Cannot \(verb): VM is previewing a Snapshot.")
    }
    switch machine.status {
    case .up, .paused, .down: break
    default: throw .conflict("Cannot \(verb). The VM should be Up, Paused or Down.")
    }
    let steps = mergeSteps(of: snapshotID, machine: machine)
    let locked = steps.compactMap { disks[$0.disk] }.filter { $0.status == .locked }.map(\.alias)
    if !locked.isEmpty {
      throw .conflict(
        "Cannot \(verb): The following disks are locked: \(locked.joined(separator: ", ")).")
    }
    try requireUsable(OrderedSet(steps.map(\.domain)), for: verb)

    let isLive = machine.status.mayWrite
    let item = begin(
      .merge(machine: machineID, snapshot: snapshotID, steps: steps), isLive: isLive, doomed: doomed)
    for step in steps { disks[step.disk]?.status = .locked }
    updateSnapshot(snapshotID, of: machineID) { $0.status = .locked }
    machines[machineID]?.operation = item.id
    if !isLive { machines[machineID]?.status = .imageLocked }
    let job = beginJob(
      "Removing Snapshot \(snapshot.description) of VM \(machine.name)", correlationID: correlationID,
      now: now)
    work[item.id] = WorkInHand(work: item, job: job, correlationID: correlationID)
    log(
      .removeSnapshot,
      "Snapshot '\(snapshot.description)' deletion for VM '\(machine.name)' was initiated by admin@internal.",
      machine: machineID, correlationID: correlationID, now: now)
    return job
  }

  /// The disks of the machine that still have a volume frozen in the snapshot, each with the overlay above it.
  private func mergeSteps(of snapshot: SnapshotID, machine: EngineMachine) -> [VolumeStep] {
    var steps: [VolumeStep] = []
    for attachment in machine.attachments {
      guard let disk = disks[attachment.disk], let domain = disk.domain,
        let index = disk.chain.firstIndex(where: { $0.snapshot == snapshot }), index + 1 < disk.chain.count
      else { continue }
      let overlay = disk.chain[index + 1]
      steps.append(
        VolumeStep(
          disk: disk.id, domain: domain, base: disk.chain[index].id, baseFormat: disk.chain[index].format,
          baseParent: index > 0 ? disk.chain[index - 1].id : nil, overlay: overlay.id,
          isActive: index + 2 == disk.chain.count, overlaySequence: overlay.sequence,
          provisionedSize: disk.provisionedSize))
    }
    return steps
  }

  /// The performer says: this disk's overlay is committed and its files are gone. A merge may fail later for another disk;
  /// this one stays merged, as in the real engine where each disk is a command of its own. Repeats are ignored.
  public mutating func volumeMerged(_ id: WorkID, disk: DiskID) {
    guard let inHand = work[id], case .merge(_, let snapshot, let steps) = inHand.work.kind,
      !inHand.mergedDisks.contains(disk), let step = steps.first(where: { $0.disk == disk })
    else { return }
    work[id]?.mergedDisks.append(disk)
    guard var record = disks[disk], let index = record.chain.firstIndex(where: { $0.id == step.overlay }),
      index > 0, record.chain[index - 1].snapshot == snapshot
    else { return }
    record.chain[index - 1].snapshot = record.chain[index].snapshot
    record.chain.remove(at: index)
    record.status = .ok
    disks[disk] = record
  }

  mutating func finishMerge(
    _ inHand: WorkInHand, machine id: VirtualMachineID, snapshot: SnapshotID, steps: [VolumeStep],
    _ outcome: WorkOutcome, now: Instant
  ) {
    let record = machines[id]?.snapshots.first { $0.id == snapshot }
    let description = record?.description ?? ""
    let name = machines[id]?.name ?? id.description
    switch outcome {
    case .done:
      for step in steps { volumeMerged(inHand.work.id, disk: step.disk) }
      machines[id]?.snapshots.removeAll { $0.id == snapshot }
      for disk in record?.memoryDisks ?? [] { disks.removeValue(forKey: disk) }
      endJob(inHand.job, .finished, now: now)
      log(
        .removeSnapshotDone, "Snapshot '\(description)' deletion for VM '\(name)' has been completed.",
        machine: id, correlationID: inHand.correlationID, now: now)
    case .failed(let reason), .failedInUse(let reason), .failedIllegal(let reason):
      let left = steps.filter { !inHand.mergedDisks.contains($0.disk) }
      for step in left {
        disks[step.disk]?.status = .ok
        guard case .failedIllegal = outcome else { continue }
        if let index = disks[step.disk]?.chain.firstIndex(where: { $0.id == step.overlay }) {
          disks[step.disk]?.chain[index].isLegal = false
        }
      }
      updateSnapshot(snapshot, of: id) { $0.status = .ok }
      endJob(inHand.job, .failed, now: now)
      log(
        .removeSnapshotFailed, "Failed to delete snapshot '\(description)' for VM '\(name)': \(reason)",
        machine: id, correlationID: inHand.correlationID, now: now)
    }
  }
}
