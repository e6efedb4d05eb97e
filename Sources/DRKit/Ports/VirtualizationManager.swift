/// The engine that runs the guests.
///
/// Errors: `.transient` for what may pass (unreachable, 5xx that is no verdict, 409 locked), `.refused` for a verdict (400,
/// 403, 409 that names a lasting cause, 500 "illegal disk"), `.missing` for 404, `.malformed`, `.stopped`.
public protocol VirtualizationManager: Sendable {
  /// The storage domain called `name`, or with `name` as its id. `.missing` if there is none.
  func storageDomain(_ name: String) async throws(DRError) -> StorageDomain

  /// All machines, running or not, with an active volume on the domain; in no order that can be relied on.
  func machines(on domain: StorageDomainID) async throws(DRError) -> [VirtualMachine]

  /// The machine as it is now; nil when the engine does not know it.
  func machine(_ id: VirtualMachineID) async throws(DRError) -> VirtualMachine?

  /// Every disk attached to the machine, on whatever domain.
  func disks(of machine: VirtualMachineID) async throws(DRError) -> [AttachedDisk]

  /// Every volume on the domain, active ones included.
  func volumes(on domain: StorageDomainID) async throws(DRError) -> [DiskVolume]

  /// Asks the engine to write its OVF_STORE now; returns when the engine accepted and finished it.
  func updateOVFStore(of domain: StorageDomainID) async throws(DRError)

  /// The machine's configuration as OVF text.
  func ovf(of machine: VirtualMachineID) async throws(DRError) -> String

  /// The machine's regular snapshots (the `active` entry left out).
  func snapshots(of machine: VirtualMachineID) async throws(DRError) -> [Snapshot]

  /// Begins a snapshot of just these disks, without memory. The engine answers before it is done: poll `snapshot`.
  func createSnapshot(
    of machine: VirtualMachineID, description: String, overlays: [OverlayRequest]
  ) async throws(DRError) -> SnapshotID

  /// Nil when the snapshot does not exist (any more).
  func snapshot(_ id: SnapshotID, of machine: VirtualMachineID) async throws(DRError) -> Snapshot?

  /// The *frozen* volume of each disk in the snapshot (`snapshots/{S}/disks`).
  func frozenVolumes(
    of snapshot: SnapshotID, machine: VirtualMachineID
  ) async throws(DRError) -> [DiskID: VolumeID]

  /// Begins the removal (a live merge when the machine runs). Done when `snapshot` returns nil; a merge that failed
  /// shows as status `ok` again.
  func removeSnapshot(_ id: SnapshotID, of machine: VirtualMachineID) async throws(DRError)

  /// The index of the newest event in the engine's log; 0 when the log is empty. What happens later has a greater one.
  func newestEvent() async throws(DRError) -> Int64

  /// What befell machines after the event with this index (0: from the log's beginning), oldest first; events about anything
  /// else are left out. `.missing` when the log does not reach back to that event (cleaned, dismissed, another database):
  /// then nobody knows what was between. `.refused` also when there are too many to be read.
  func machineEvents(after index: Int64) async throws(DRError) -> [MachineEvent]

  /// Posts an event. A duplicate of (origin, custom id) is success: the event is there.
  func post(_ event: EngineEvent) async throws(DRError)
}
