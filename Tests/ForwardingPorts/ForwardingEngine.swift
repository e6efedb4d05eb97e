import DRKit

/// An engine that is another one but for what it does otherwise.
public protocol ForwardingEngine: VirtualizationManager {
  var base: any VirtualizationManager { get }
}

extension ForwardingEngine {
  public func storageDomain(_ name: String) async throws(DRError) -> StorageDomain {
    try await base.storageDomain(name)
  }
  public func machines(on domain: StorageDomainID) async throws(DRError) -> [VirtualMachine] {
    try await base.machines(on: domain)
  }
  public func machine(_ id: VirtualMachineID) async throws(DRError) -> VirtualMachine? {
    try await base.machine(id)
  }
  public func disks(of machine: VirtualMachineID) async throws(DRError) -> [AttachedDisk] {
    try await base.disks(of: machine)
  }
  public func volumes(on domain: StorageDomainID) async throws(DRError) -> [DiskVolume] {
    try await base.volumes(on: domain)
  }
  public func updateOVFStore(of domain: StorageDomainID) async throws(DRError) {
    try await base.updateOVFStore(of: domain)
  }
  public func ovf(of machine: VirtualMachineID) async throws(DRError) -> String {
    try await base.ovf(of: machine)
  }
  public func snapshots(of machine: VirtualMachineID) async throws(DRError) -> [Snapshot] {
    try await base.snapshots(of: machine)
  }
  public func createSnapshot(
    of machine: VirtualMachineID, description: String, overlays: [OverlayRequest]
  ) async throws(DRError) -> SnapshotID {
    try await base.createSnapshot(of: machine, description: description, overlays: overlays)
  }
  public func snapshot(_ id: SnapshotID, of machine: VirtualMachineID) async throws(DRError) -> Snapshot? {
    try await base.snapshot(id, of: machine)
  }
  public func frozenVolumes(
    of snapshot: SnapshotID, machine: VirtualMachineID
  ) async throws(DRError) -> [DiskID: VolumeID] {
    try await base.frozenVolumes(of: snapshot, machine: machine)
  }
  public func removeSnapshot(_ id: SnapshotID, of machine: VirtualMachineID) async throws(DRError) {
    try await base.removeSnapshot(id, of: machine)
  }
  public func newestEvent() async throws(DRError) -> Int64 { try await base.newestEvent() }
  public func machineEvents(after index: Int64) async throws(DRError) -> [MachineEvent] {
    try await base.machineEvents(after: index)
  }
  public func post(_ event: EngineEvent) async throws(DRError) { try await base.post(event) }
}
