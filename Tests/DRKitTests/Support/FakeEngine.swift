import DRKit

struct FakeEngine: VirtualizationManager {
  let world: SmallWorld

  private func index(_ state: WorldState, _ id: VirtualMachineID) throws(DRError) -> Int {
    guard let index = state.machines.firstIndex(where: { $0.machine.id == id }) else {
      throw DRError(.missing, "find the machine", id.description, reason: "404")
    }
    return index
  }

  func storageDomain(_ name: String) async throws(DRError) -> StorageDomain {
    try world.call("engine.storageDomain") { (state, _) throws(DRError) in
      guard name == state.domain.name || name == state.domain.id.description else {
        throw DRError(.missing, "find the storage domain", name, reason: "the engine has none called so")
      }
      return state.domain
    }
  }

  func machines(on domain: StorageDomainID) async throws(DRError) -> [VirtualMachine] {
    try world.call("engine.machines") { (state, _) throws(DRError) in
      // The order can't be relied on: the last comes first.
      state.machines.reversed().filter { $0.disks.contains { $0.domains.contains(domain) } }.map(\.machine)
    }
  }

  func machine(_ id: VirtualMachineID) async throws(DRError) -> VirtualMachine? {
    try world.call("engine.machine") { (state, _) throws(DRError) in
      state.machines.first { $0.machine.id == id }?.machine
    }
  }

  func disks(of machine: VirtualMachineID) async throws(DRError) -> [AttachedDisk] {
    try world.call("engine.disks") { (state, _) throws(DRError) in
      state.machines[try index(state, machine)].disks
    }
  }

  func volumes(on domain: StorageDomainID) async throws(DRError) -> [DiskVolume] {
    try world.call("engine.volumes") { (state, _) throws(DRError) in
      state.machines.flatMap { machine in machine.disks.flatMap { state.volumes(of: $0.id) } }
    }
  }

  func updateOVFStore(of domain: StorageDomainID) async throws(DRError) {
    try world.call("engine.updateOVFStore") { (_, _) throws(DRError) in }
  }

  func ovf(of machine: VirtualMachineID) async throws(DRError) -> String {
    try world.call("engine.ovf") { (state, _) throws(DRError) in
      "<ovf name=\"\(state.machines[try index(state, machine)].machine.name)\"/>"
    }
  }

  func snapshots(of machine: VirtualMachineID) async throws(DRError) -> [Snapshot] {
    try world.call("engine.snapshots") { (state, _) throws(DRError) in
      state.machines[try index(state, machine)].snapshots.map(\.snapshot)
    }
  }

  func createSnapshot(
    of machine: VirtualMachineID, description: String, overlays: [OverlayRequest]
  ) async throws(DRError) -> SnapshotID {
    try world.call("engine.createSnapshot") { (state, now) throws(DRError) in
      let m = try index(state, machine)
      try refuseWhileLocked(state.machines[m])
      var made = WorldSnapshot(
        snapshot: Snapshot(id: .blank, description: description, status: .locked), frozen: [:],
        overlays: overlays, due: now + state.snapshotTime)
      for request in overlays {
        guard let base = state.machines[m].disks.first(where: { $0.id == request.disk })?.activeVolume else {
          throw DRError(.refused, "snapshot", request.disk.description, reason: "no such disk")
        }
        made.frozen[request.disk] = base
        state.makeOverlay(request, base: base)
      }
      let total = state.machines.reduce(0) { $0 + $1.snapshots.count } + state.removals
      made.snapshot.id = SnapshotID(high: 0x4444_0000, low: UInt64(total) + 1)
      state.machines[m].snapshots.append(made)
      state.log(
        .snapshotTaken, machine, "Snapshot '\(description)' creation for VM 'x' has been completed.", at: now)
      return made.snapshot.id
    }
  }

  private func refuseWhileLocked(_ machine: WorldMachine) throws(DRError) {
    if machine.snapshots.contains(where: { $0.snapshot.status == .locked }) {
      throw DRError(.transient, "change", machine.machine.name, reason: "409 the machine's disks are locked")
    }
  }

  func snapshot(_ id: SnapshotID, of machine: VirtualMachineID) async throws(DRError) -> Snapshot? {
    try world.call("engine.snapshot") { (state, _) throws(DRError) in
      state.machines[try index(state, machine)].snapshots.first { $0.snapshot.id == id }?.snapshot
    }
  }

  func frozenVolumes(
    of snapshot: SnapshotID, machine: VirtualMachineID
  ) async throws(DRError) -> [DiskID: VolumeID] {
    try world.call("engine.frozenVolumes") { (state, _) throws(DRError) in
      let made = state.machines[try index(state, machine)].snapshots.first { $0.snapshot.id == snapshot }
      guard let made else {
        throw DRError(.missing, "find the snapshot", snapshot.description, reason: "404")
      }
      return made.frozen
    }
  }

  func removeSnapshot(_ id: SnapshotID, of machine: VirtualMachineID) async throws(DRError) {
    try world.call("engine.removeSnapshot") { (state, now) throws(DRError) in
      let m = try index(state, machine)
      guard let s = state.machines[m].snapshots.firstIndex(where: { $0.snapshot.id == id }) else {
        throw DRError(.missing, "remove the snapshot", id.description, reason: "404")
      }
      try refuseWhileLocked(state.machines[m])
      state.machines[m].snapshots[s].snapshot.status = .locked
      state.machines[m].snapshots[s].isMerging = true
      state.machines[m].snapshots[s].due = now + state.mergeTime
      state.removals += 1
    }
  }

  func newestEvent() async throws(DRError) -> Int64 {
    try world.call("engine.newestEvent") { (state, _) throws(DRError) in
      if let refusal = state.logRefusal { throw refusal }
      return state.log.last?.index ?? 0
    }
  }

  func machineEvents(after index: Int64) async throws(DRError) -> [MachineEvent] {
    try world.call("engine.machineEvents") { (state, _) throws(DRError) in
      if let refusal = state.logRefusal { throw refusal }
      return state.log.filter { $0.index > index }
    }
  }

  func post(_ event: EngineEvent) async throws(DRError) {
    try world.call("engine.post") { (state, _) throws(DRError) in
      // (origin, custom id) is unique for ever: a second post is the same event.
      if !state.events.contains(where: { $0.customID == event.customID }) { state.events.append(event) }
    }
  }
}
