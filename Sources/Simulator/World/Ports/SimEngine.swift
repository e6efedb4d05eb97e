import DRKit

/// The engine's port over the simulated engine.
struct SimEngine: VirtualizationManager {
  let caller: PortCaller

  init(_ world: SimulatedWorld, _ who: Incarnation) {
    caller = PortCaller(world: world, who: who, port: .engine)
  }

  func storageDomain(_ name: String) async throws(DRError) -> StorageDomain {
    try await caller.call("find the storage domain", PortLatency.rest) { (world, _) throws(DRError) in
      guard let found = world.engine.allDomains.first(where: { $0.name == name || $0.id.description == name })
      else { throw DRError(.missing, "find the storage domain", name, reason: "there is none of this name") }
      return StorageDomain(
        id: found.id, name: found.name, address: found.address, volume: String(found.path.dropFirst()),
        storageType: found.storageType)
    }
  }

  func machines(on domain: StorageDomainID) async throws(DRError) -> [VirtualMachine] {
    try await caller.call("list machines", PortLatency.rest) { (world, _) throws(DRError) in
      world.engine.machines(on: domain).map(\.ofPort)
    }
  }

  func machine(_ id: VirtualMachineID) async throws(DRError) -> VirtualMachine? {
    try await caller.call("look at a machine", PortLatency.rest) { (world, _) throws(DRError) in
      world.engine.machine(id)?.ofPort
    }
  }

  func disks(of machine: VirtualMachineID) async throws(DRError) -> [AttachedDisk] {
    try await caller.call("list disks", PortLatency.rest) { (world, _) throws(DRError) in
      guard world.engine.machine(machine) != nil else {
        throw DRError(.missing, "list disks", "\(machine)", reason: "no such machine")
      }
      return world.engine.attachedDisks(of: machine)
    }
  }

  func volumes(on domain: StorageDomainID) async throws(DRError) -> [DiskVolume] {
    try await caller.call("list volumes", PortLatency.rest) { (world, _) throws(DRError) in
      world.engine.diskSnapshots(on: domain, includeActive: true)
    }
  }

  func updateOVFStore(of domain: StorageDomainID) async throws(DRError) {
    try await caller.call("update OVF_STORE", PortLatency.rest) { (world, now) throws(DRError) -> Void in
      try EngineAnswer.translate("update OVF_STORE") { () throws(EngineFault) -> Void in
        _ = try world.engine.updateOVFStore(of: domain, now: now)
      }
    }
    while try await isUpdatingOVFStore(of: domain) {
      try await caller.world.loop.sleep(caller.who, for: .milliseconds(500))
    }
  }

  private func isUpdatingOVFStore(of domain: StorageDomainID) async throws(DRError) -> Bool {
    try await caller.call("look at the OVF_STORE update", PortLatency.rest) { (world, _) throws(DRError) in
      world.engine.unfinishedWork.contains { $0.kind == .updateOVF(domain: domain) }
    }
  }

  func ovf(of machine: VirtualMachineID) async throws(DRError) -> String {
    try await caller.call("read a machine's OVF", PortLatency.rest) { (world, _) throws(DRError) in
      guard let text = world.engine.ovf(of: machine) else {
        throw DRError(.missing, "read a machine's OVF", "\(machine)", reason: "no such machine")
      }
      return text
    }
  }

  func snapshots(of machine: VirtualMachineID) async throws(DRError) -> [Snapshot] {
    try await caller.call("list snapshots", PortLatency.rest) { (world, _) throws(DRError) in
      guard let found = world.engine.machine(machine) else {
        throw DRError(.missing, "list snapshots", "\(machine)", reason: "no such machine")
      }
      return found.snapshots.filter { $0.kind == .regular }.map(\.ofPort)
    }
  }

  func createSnapshot(
    of machine: VirtualMachineID, description: String, overlays: [OverlayRequest]
  ) async throws(DRError) -> SnapshotID {
    try await caller.call("create a snapshot", PortLatency.rest) { (world, now) throws(DRError) in
      world.oracle.snapshotRequested(description, overlays)
      let request = SnapshotRequest(
        description: description, persistsMemory: false,
        disks: overlays.map { SnapshotRequest.Choice(disk: $0.disk, overlay: $0.overlay) })
      return try world.withEngineFault(.createSnapshot, machine) { () throws(EngineFault) in
        try world.engine.createSnapshot(of: machine, request, now: now)
      }
    }
  }

  func snapshot(_ id: SnapshotID, of machine: VirtualMachineID) async throws(DRError) -> Snapshot? {
    try await caller.call("look at a snapshot", PortLatency.rest) { (world, _) throws(DRError) in
      // A snapshot that failed leaves its id to the active entry: as a snapshot it is gone.
      world.engine.machine(machine)?.snapshots.first { $0.id == id && $0.kind == .regular }?.ofPort
    }
  }

  func frozenVolumes(
    of snapshot: SnapshotID, machine: VirtualMachineID
  ) async throws(DRError) -> [DiskID: VolumeID] {
    try await caller.call("list a snapshot's disks", PortLatency.rest) { (world, _) throws(DRError) in
      let volumes = try EngineAnswer.translate("list a snapshot's disks") { () throws(EngineFault) in
        try world.engine.volumes(of: snapshot, machine: machine)
      }
      return Dictionary(volumes.map { ($0.disk, $0.volume) }, uniquingKeysWith: { first, _ in first })
    }
  }

  func removeSnapshot(_ id: SnapshotID, of machine: VirtualMachineID) async throws(DRError) {
    try await caller.call("remove a snapshot", PortLatency.rest) { (world, now) throws(DRError) in
      try world.withEngineFault(.removeSnapshot, machine) { () throws(EngineFault) in
        _ = try world.engine.removeSnapshot(id, of: machine, now: now)
      }
    }
  }

  func newestEvent() async throws(DRError) -> Int64 {
    try await caller.call("find the newest event", PortLatency.rest) { (world, _) throws(DRError) in
      Int64(world.engine.events.last?.index ?? 0)
    }
  }

  func machineEvents(after index: Int64) async throws(DRError) -> [MachineEvent] {
    try await caller.call("read the events", PortLatency.rest) { (world, _) throws(DRError) in
      guard let events = world.engine.machineEvents(after: Int(index)) else {
        throw DRError(
          .missing, "read the events", "after \(index)", reason: "the log does not reach back to it")
      }
      return events
    }
  }

  func post(_ event: EngineEvent) async throws(DRError) {
    try await caller.call("post an event", PortLatency.rest) { (world, now) throws(DRError) in
      do throws(EngineFault) {
        try world.engine.post(
          ExternalEventRequest(
            origin: "drkit", severity: event.severity, customID: event.customID,
            description: event.description, domain: event.storageDomain, externalStatus: event.externalStatus),
          now: now)
      } catch {
        if error.detail?.contains("already exists") ?? false { return }
        throw EngineAnswer.error(error, "post an event")
      }
    }
  }
}

/// The engine's refusals in the words of the port.
enum EngineAnswer {
  static func translate<T>(
    _ operation: String, _ body: () throws(EngineFault) -> T
  ) throws(DRError) -> T {
    do throws(EngineFault) { return try body() } catch { throw Self.error(error, operation) }
  }

  static func error(_ fault: EngineFault, _ operation: String) -> DRError {
    let text = fault.detail ?? fault.reason
    // As the real adapter judges: most conflicts pass.
    let lasting = ["previewing", "in preview", "stateless", "already exists"]
    let words = text.lowercased()
    switch fault.status {
    case 404: return DRError(.missing, operation, reason: text)
    case 409 where !lasting.contains(where: words.contains):
      return DRError(.transient, operation, reason: text)
    case 500 where !text.contains("ILLEGAL"): return DRError(.transient, operation, reason: text)
    default: return DRError(.refused, operation, reason: text)
    }
  }
}

extension SimulatedWorld {
  /// Calls a verb of the engine with the plan's faults in force, for this one call.
  func withEngineFault<T>(
    _ verb: EngineFaultPlan.Verb, _ machine: VirtualMachineID, _ body: () throws(EngineFault) -> T
  ) throws(DRError) -> T {
    engine.faults = faultPlan(for: verb, machine)
    defer { engine.faults = EngineFaultPlan() }
    return try EngineAnswer.translate(
      verb == .createSnapshot ? "create a snapshot" : "remove a snapshot", body)
  }

  /// What strikes this one call.
  func faultPlan(for verb: EngineFaultPlan.Verb, _ machine: VirtualMachineID) -> EngineFaultPlan {
    engine.updateDomain(domain.id) { $0.available = plan.primary.size - used }
    var effect: EngineFaultPlan.Effect?
    if verb == .createSnapshot {
      if strikes(.snapshotRefused, machine: machine) {
        effect = .refuse(
          status: 409, detail: "Cannot create Snapshot. Low disk space on Storage Domain \(domain.name).")
      } else if strikes(.snapshotFails, machine: machine) {
        effect = .failWork(reason: "VDSM command SnapshotVDS failed: Snapshot failed (simulated)")
      }
    } else if strikes(.mergeFails, machine: machine) {
      effect = .failWork(
        reason: "VDSM command MergeVDS failed: Drive image file could not be found (simulated)")
    }
    return EngineFaultPlan(effect.map { [.init(verb, calls: 1...Int.max, $0)] } ?? [])
  }
}

extension EngineMachine {
  var ofPort: VirtualMachine {
    VirtualMachine(
      id: id, name: name, status: status, origin: origin, host: status.mayWrite ? host : nil)
  }
}

extension EngineSnapshot {
  var ofPort: Snapshot {
    Snapshot(id: id, description: description, status: status, isRegular: kind == .regular)
  }
}
