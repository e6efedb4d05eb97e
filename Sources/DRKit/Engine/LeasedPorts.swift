/// Ports that look at the lease right before each effect: a process that stood still (a paused machine, SIGSTOP) between two
/// calls finds that another one has taken over, and touches nothing more. Neither gluster nor the engine takes a fencing
/// token; what is left is the time between this look and the request's arrival.
extension SyncPorts {
  func leased(by lease: LeaseKeeper) -> SyncPorts {
    var ports = self
    ports.engine = LeasedEngine(base: engine, lease: lease)
    ports.georep = LeasedGeoReplication(base: georep, lease: lease)
    ports.primary = LeasedPrimary(base: primary, lease: lease)
    ports.secondary = LeasedSecondary(base: secondary, lease: lease)
    ports.cluster = LeasedCluster(base: cluster, lease: lease)
    return ports
  }
}

private struct LeasedEngine: VirtualizationManager {
  let base: any VirtualizationManager
  let lease: LeaseKeeper

  func storageDomain(_ name: String) async throws(DRError) -> StorageDomain {
    try await base.storageDomain(name)
  }

  func machines(on domain: StorageDomainID) async throws(DRError) -> [VirtualMachine] {
    try await base.machines(on: domain)
  }

  func machine(_ id: VirtualMachineID) async throws(DRError) -> VirtualMachine? { try await base.machine(id) }

  func disks(of machine: VirtualMachineID) async throws(DRError) -> [AttachedDisk] {
    try await base.disks(of: machine)
  }

  func volumes(on domain: StorageDomainID) async throws(DRError) -> [DiskVolume] {
    try await base.volumes(on: domain)
  }

  func updateOVFStore(of domain: StorageDomainID) async throws(DRError) {
    try lease.check()
    try await base.updateOVFStore(of: domain)
  }

  func ovf(of machine: VirtualMachineID) async throws(DRError) -> String { try await base.ovf(of: machine) }

  func snapshots(of machine: VirtualMachineID) async throws(DRError) -> [Snapshot] {
    try await base.snapshots(of: machine)
  }

  func createSnapshot(
    of machine: VirtualMachineID, description: String, overlays: [OverlayRequest]
  ) async throws(DRError) -> SnapshotID {
    try lease.check()
    return try await base.createSnapshot(of: machine, description: description, overlays: overlays)
  }

  func snapshot(_ id: SnapshotID, of machine: VirtualMachineID) async throws(DRError) -> Snapshot? {
    try await base.snapshot(id, of: machine)
  }

  func frozenVolumes(
    of snapshot: SnapshotID, machine: VirtualMachineID
  ) async throws(DRError) -> [DiskID: VolumeID] {
    try await base.frozenVolumes(of: snapshot, machine: machine)
  }

  func removeSnapshot(_ id: SnapshotID, of machine: VirtualMachineID) async throws(DRError) {
    try lease.check()
    try await base.removeSnapshot(id, of: machine)
  }

  func newestEvent() async throws(DRError) -> Int64 { try await base.newestEvent() }

  func machineEvents(after index: Int64) async throws(DRError) -> [MachineEvent] {
    try await base.machineEvents(after: index)
  }

  func post(_ event: EngineEvent) async throws(DRError) {
    try lease.check()
    try await base.post(event)
  }
}

private struct LeasedGeoReplication: GeoReplication {
  let base: any GeoReplication
  let lease: LeaseKeeper

  var session: SessionName { base.session }

  func status() async throws(DRError) -> [WorkerStatus] { try await base.status() }

  func setCheckpoint() async throws(DRError) -> Instant {
    try lease.check()
    return try await base.setCheckpoint()
  }

  func start() async throws(DRError) {
    try lease.check()
    try await base.start()
  }

  func stop() async throws(DRError) {
    try lease.check()
    try await base.stop()
  }

  func settings() async throws(DRError) -> [SessionSetting] { try await base.settings() }

  func set(_ setting: SessionSetting) async throws(DRError) {
    try lease.check()
    try await base.set(setting)
  }

  func delete() async throws(DRError) {
    try lease.check()
    try await base.delete()
  }

  func create() async throws(DRError) {
    try lease.check()
    try await base.create()
  }

  func primaryGeometry() async throws(DRError) -> VolumeGeometry { try await base.primaryGeometry() }

  func dataMover() async throws(DRError) -> DataMover { try await base.dataMover() }
}

private struct LeasedCluster: SecondaryCluster {
  let base: any SecondaryCluster
  let lease: LeaseKeeper

  func geometry() async throws(DRError) -> VolumeGeometry { try await base.geometry() }

  func clients() async throws(DRError) -> [BrickClients] { try await base.clients() }

  func dataMover() async throws(DRError) -> DataMover { try await base.dataMover() }

  func setReadOnly(_ readOnly: Bool) async throws(DRError) {
    try lease.check()
    try await base.setReadOnly(readOnly)
  }
}

private struct LeasedPrimary: PrimaryVolume {
  let base: any PrimaryVolume
  let lease: LeaseKeeper

  func view() async throws(DRError) -> any VolumeView {
    LeasedView(base: try await base.view(), lease: lease)
  }

  func writeNonces(_ content: [UInt8], under directory: String) async throws(DRError) -> [Nonce] {
    try lease.check()
    return try await base.writeNonces(content, under: directory)
  }
}

private struct LeasedSecondary: SecondaryVolume {
  let base: any SecondaryVolume
  let lease: LeaseKeeper

  func view() async throws(DRError) -> any VolumeView {
    LeasedView(base: try await base.view(), lease: lease)
  }
}

private struct LeasedView: VolumeView {
  let base: any VolumeView
  let lease: LeaseKeeper

  func read(_ path: String) async throws(DRError) -> [UInt8]? { try await base.read(path) }

  func list(_ directory: String) async throws(DRError) -> [String]? { try await base.list(directory) }

  func size(of path: String) async throws(DRError) -> Int64? { try await base.size(of: path) }

  func read(_ path: String, at offset: Int64, count: Int) async throws(DRError) -> [UInt8]? {
    try await base.read(path, at: offset, count: count)
  }

  func digest(of path: String) async throws(DRError) -> FileDigest? { try await base.digest(of: path) }

  func digests(of path: String, _ plan: DigestPlan) async throws(DRError) -> BlockDigests? {
    try await base.digests(of: path, plan)
  }

  func checkDigests() async throws(DRError) -> String { try await base.checkDigests() }

  func replace(_ path: String, with bytes: [UInt8]) async throws(DRError) {
    try lease.check()
    try await base.replace(path, with: bytes)
  }

  func remove(_ path: String) async throws(DRError) {
    try lease.check()
    try await base.remove(path)
  }

  func space() async throws(DRError) -> VolumeSpace { try await base.space() }

  func close() async { await base.close() }
}
