import DRKit
import OrderedCollections

/// The body of `POST vms/{id}/snapshots`.
public struct SnapshotRequest: Sendable, Hashable {
  /// A disk to be snapshotted, with the id of its new volume if the caller chose one.
  public struct Choice: Sendable, Hashable {
    public var disk: DiskID
    public var overlay: VolumeID?

    public init(disk: DiskID, overlay: VolumeID? = nil) {
      self.disk = disk
      self.overlay = overlay
    }
  }

  /// Required; nil or empty is a 400.
  public var description: String?
  /// TRUE unless the caller says otherwise, as in REST: a running machine then gets two memory disks, and a pause.
  public var persistsMemory: Bool
  /// Nil: every disk that can be snapshotted.
  public var disks: [Choice]?

  public init(description: String?, persistsMemory: Bool = true, disks: [Choice]? = nil) {
    self.description = description
    self.persistsMemory = persistsMemory
    self.disks = disks
  }
}

extension EngineModel {
  /// Begins a snapshot and returns the regular snapshot's id: the id that the active entry had until now (B
  /// `CreateSnapshotForVmCommand.updateActiveSnapshotId`). The order of the checks is that command's `validate`.
  /// - Throws: 400 no description, unknown or unattached disk; 404 no such machine; 409 busy, migrating, in preview,
  ///   stateless, disks locked, overlay id taken, domain not active or full; 500 disks illegal.
  public mutating func createSnapshot(
    of machineID: VirtualMachineID, _ request: SnapshotRequest, correlationID: String? = nil, now: Instant
  ) throws(EngineFault) -> SnapshotID {
    let machine = try machineOrMissing(machineID)
    guard let description = request.description, !description.isEmpty else {
      throw .incomplete("Snapshot", "description", "add")
    }
    let doomed = try injectedFault(.createSnapshot, machine: machineID)
    let chosen = try choices(request, of: machine)
    let verb = "create Snapshot"
    try requireUnlocked(machine, for: verb)
    if machine.snapshots.contains(where: { $0.status == .inPreview }) {
      throw .conflict("Cannot \(verb): VM is previewing a Snapshot.")
    }
    if machine.status == .migrating {
      throw .conflict("Cannot \(verb): VM migration is in progress.")
    }
    if machine.isStateless && machine.status.mayWrite {
      throw .conflict("Cannot \(verb): VM is running as Stateless.")
    }
    let picked = chosen.compactMap { choice in disks[choice.disk].map { (choice, $0) } }
    let locked = picked.filter { $0.1.status == .locked }.map(\.1.alias)
    if !locked.isEmpty {
      throw .conflict(
        "Cannot \(verb): The following disks are locked: \(locked.joined(separator: ", ")). "
          + "Please try again in a few minutes.")
    }
    let illegal = picked.map(\.1).filter { disk in
      disk.status == .illegal || disk.chain.contains { !$0.isLegal }
    }
    if !illegal.isEmpty { throw .illegalDisks(illegal.map(\.alias)) }
    for (choice, disk) in picked {
      if let overlay = choice.overlay, isTaken(overlay, in: disk) {
        throw .conflict("Cannot \(verb). Disk snapshot ID \(overlay) already exists for disk \(disk.alias).")
      }
    }
    try requireUsable(OrderedSet(picked.compactMap { $0.1.domain }), for: verb)
    return start(
      machine, picked, description, persistsMemory: request.persistsMemory, doomed: doomed,
      correlationID: correlationID, now: now)
  }

  /// Whether a machine-wide snapshot takes the disk: LUNs and shareable disks are left out.
  public func canBeSnapshotted(_ disk: EngineDisk) -> Bool {
    disk.storage == .image && !disk.isShareable && !disk.chain.isEmpty
  }

  private func choices(
    _ request: SnapshotRequest, of machine: EngineMachine
  ) throws(EngineFault) -> [SnapshotRequest.Choice] {
    guard let asked = request.disks else {
      let attached = machine.attachments.compactMap { disks[$0.disk] }
      return attached.filter(canBeSnapshotted).map { .init(disk: $0.id) }
    }
    let unknown = asked.filter { disks[$0.disk] == nil }
    if !unknown.isEmpty {
      let names = unknown.map(\.disk.description).joined(separator: ", ")
      throw .bad("Cannot create Snapshot. The following disk(s) ID(s) does not exist: \(names).")
    }
    let known = asked.compactMap { disks[$0.disk] }
    let unfit = known.filter { !canBeSnapshotted($0) }
    if !unfit.isEmpty {
      throw .bad(
        "Cannot create Snapshot. Snapshot is not supported for disk(s): "
          + "\(unfit.map(\.alias).joined(separator: ", ")).")
    }
    let foreign = known.filter { disk in !machine.attachments.contains { $0.disk == disk.id } }
    if !foreign.isEmpty {
      throw .bad(
        "Cannot create Snapshot. The following disk(s) are not attached to VM \(machine.name): "
          + "\(foreign.map(\.alias).joined(separator: ", ")).")
    }
    return asked
  }

  /// The validator `snapshotAlreadyExists` looks only at the disk's own volumes.
  private func isTaken(_ volume: VolumeID, in disk: EngineDisk) -> Bool {
    disk.chain.contains { $0.id == volume }
  }

  private mutating func start(
    _ machine: EngineMachine, _ picked: [(SnapshotRequest.Choice, EngineDisk)], _ description: String,
    persistsMemory: Bool, doomed: String?, correlationID: String?, now: Instant
  ) -> SnapshotID {
    var machine = machine
    let isLive = machine.status.mayWrite
    let activeIndex = machine.snapshots.count - 1
    let id = machine.snapshots[activeIndex].id
    machine.snapshots[activeIndex].id = ids.next()
    machine.snapshots.insert(
      EngineSnapshot(
        id: id, kind: .regular, status: .locked, description: description, date: now,
        persistsMemory: persistsMemory && isLive),
      at: activeIndex)

    var steps: [VolumeStep] = []
    for (choice, disk) in picked {
      guard let domain = disk.domain, let base = disk.chain.last else { continue }
      steps.append(
        VolumeStep(
          disk: disk.id, domain: domain, base: base.id, baseFormat: base.format,
          baseParent: disk.chain.dropLast().last?.id, overlay: choice.overlay ?? ids.next(),
          overlaySequence: base.sequence + 1, provisionedSize: disk.provisionedSize))
      disks[disk.id]?.status = .locked
    }
    let item = begin(
      .snapshot(machine: machine.id, snapshot: id, steps: steps), isLive: isLive, doomed: doomed)
    machine.operation = item.id
    if !isLive && machine.status == .down { machine.status = .imageLocked }
    machines[machine.id] = machine
    let job = beginJob(
      "Creating VM Snapshot \(description) for VM \(machine.name)", correlationID: correlationID, now: now)
    if persistsMemory && isLive {
      let memory = addMemoryDisks(of: machine, on: steps.first?.domain, now: now)
      updateSnapshot(id, of: machine.id) { $0.memoryDisks = memory }
    }
    work[item.id] = WorkInHand(work: item, job: job, correlationID: correlationID)
    log(
      .createSnapshot,
      "Snapshot '\(description)' creation for VM '\(machine.name)' was initiated by admin@internal.",
      machine: machine.id, correlationID: correlationID, now: now)
    return id
  }

  /// The two disks of a snapshot with memory: the dump and its metadata.
  private mutating func addMemoryDisks(
    of machine: EngineMachine, on domain: StorageDomainID?, now: Instant
  ) -> [DiskID] {
    guard let domain = domain ?? domains.keys.first else { return [] }
    let kinds: [(String, Int64)] = [
      ("memory_dump_volume", machine.memory), ("memory_metadata_volume", 10_240),
    ]
    return kinds.map { content, size in
      let disk = EngineDisk(
        id: ids.next(), alias: "\(machine.name)_\(content)", domain: domain, status: .locked,
        contentType: content, provisionedSize: size,
        chain: [ChainVolume(id: ids.next(), format: .raw, created: now)])
      disks[disk.id] = disk
      return disk.id
    }
  }

  /// The performer says: every overlay of this snapshot exists and each base's `.meta` says INTERNAL. Guests still write to
  /// the bases. Unknown, finished or repeated work is ignored.
  public mutating func snapshotVolumesCreated(_ id: WorkID) {
    work[id]?.volumesCreated = true
  }

  mutating func finishSnapshot(
    _ inHand: WorkInHand, machine id: VirtualMachineID, snapshot: SnapshotID, steps: [VolumeStep],
    _ outcome: WorkOutcome, now: Instant
  ) {
    for step in steps where disks[step.disk]?.status == .locked { disks[step.disk]?.status = .ok }
    let record = machines[id]?.snapshots.first { $0.id == snapshot }
    let description = record?.description ?? ""
    let name = machines[id]?.name ?? id.description
    switch outcome {
    case .done, .failedInUse:
      for step in steps { applyOverlay(step, snapshot: snapshot, now: now) }
      updateSnapshot(snapshot, of: id) { $0.status = .ok }
      for disk in record?.memoryDisks ?? [] { disks[disk]?.status = .ok }
    case .failed, .failedIllegal:
      // B `revertToActiveSnapshot`: the created snapshot is removed, and ACTIVE takes its id back. So GET of that id answers
      // again, with the active entry.
      machines[id]?.snapshots.removeAll { $0.id == snapshot }
      if let last = machines[id]?.snapshots.indices.last { machines[id]?.snapshots[last].id = snapshot }
      for disk in record?.memoryDisks ?? [] { disks.removeValue(forKey: disk) }
    }
    switch outcome {
    case .done:
      endJob(inHand.job, .finished, now: now)
      log(
        .createSnapshotDone, "Snapshot '\(description)' creation for VM '\(name)' has been completed.",
        machine: id, correlationID: inHand.correlationID, now: now)
    case .failed(let reason), .failedIllegal(let reason), .failedInUse(let reason):
      endJob(inHand.job, .failed, now: now)
      if case .failedInUse = outcome {
        log(
          .snapshotInconsistent, "Snapshot '\(description)' of VM '\(name)' may be inconsistent: \(reason)",
          machine: id, correlationID: inHand.correlationID, now: now)
      }
      log(
        .createSnapshotFailed,
        "Failed to complete snapshot '\(description)' creation for VM '\(name)': \(reason)",
        machine: id, correlationID: inHand.correlationID, now: now)
    }
  }

  private mutating func applyOverlay(_ step: VolumeStep, snapshot: SnapshotID, now: Instant) {
    guard var disk = disks[step.disk], disk.activeVolume == step.base else { return }
    disk.chain[disk.chain.count - 1].snapshot = snapshot
    disk.chain.append(
      ChainVolume(id: step.overlay, format: .cow, sequence: step.overlaySequence, created: now))
    disks[step.disk] = disk
  }

  mutating func updateSnapshot(
    _ id: SnapshotID, of machine: VirtualMachineID, _ change: (inout EngineSnapshot) -> Void
  ) {
    guard let index = machines[machine]?.snapshots.firstIndex(where: { $0.id == id }) else { return }
    change(&machines[machine]!.snapshots[index])
  }
}
