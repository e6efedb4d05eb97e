import DRKit
import ForwardingPorts
import Synchronization

/// Ports that break a promise, and pass on everything else.
struct EmptyForMissing: PrimaryVolume {
  let base: any PrimaryVolume

  func view() async throws(DRError) -> any VolumeView { EmptyView(base: try await base.view()) }
  func writeNonces(_ content: [UInt8], under directory: String) async throws(DRError) -> [Nonce] {
    try await base.writeNonces(content, under: directory)
  }
}

private struct EmptyView: VolumeView {
  let base: any VolumeView

  func read(_ path: String) async throws(DRError) -> [UInt8]? { try await base.read(path) ?? [] }
  func read(_ path: String, at offset: Int64, count: Int) async throws(DRError) -> [UInt8]? {
    try await base.read(path, at: offset, count: count)
  }
  func list(_ directory: String) async throws(DRError) -> [String]? { try await base.list(directory) }
  func size(of path: String) async throws(DRError) -> Int64? { try await base.size(of: path) }
  func digest(of path: String) async throws(DRError) -> FileDigest? { try await base.digest(of: path) }
  func digests(of path: String, _ plan: DigestPlan) async throws(DRError) -> BlockDigests? {
    try await base.digests(of: path, plan)
  }
  func replace(_ path: String, with bytes: [UInt8]) async throws(DRError) {
    try await base.replace(path, with: bytes)
  }
  func remove(_ path: String) async throws(DRError) { try await base.remove(path) }
  func space() async throws(DRError) -> VolumeSpace { try await base.space() }
  func close() async { await base.close() }
}

struct NoncesElsewhere: PrimaryVolume {
  let base: any PrimaryVolume

  func view() async throws(DRError) -> any VolumeView { try await base.view() }
  func writeNonces(_ content: [UInt8], under directory: String) async throws(DRError) -> [Nonce] {
    Array(try await base.writeNonces(content, under: directory).prefix(1))
  }
}

struct FlagForgotten: SecondaryCluster {
  let base: any SecondaryCluster

  func geometry() async throws(DRError) -> VolumeGeometry { try await base.geometry() }
  func clients() async throws(DRError) -> [BrickClients] { try await base.clients() }
  func setReadOnly(_ readOnly: Bool) async throws(DRError) {}
}

final class WrongSession: GeoReplication {
  private let base: any GeoReplication
  private let wrong: PlantedWrong
  private let isStarted = Mutex(false)

  init(base: any GeoReplication, wrong: PlantedWrong) {
    self.base = base
    self.wrong = wrong
  }

  var session: SessionName { base.session }
  func status() async throws(DRError) -> [WorkerStatus] { try await base.status() }
  func setCheckpoint() async throws(DRError) -> Instant {
    try await base.setCheckpoint() + (wrong == .otherCheckpoint ? .seconds(7) : .zero)
  }
  func start() async throws(DRError) {
    let was = isStarted.withLock { started in
      defer { started = true }
      return started
    }
    if was, wrong == .startRefused {
      throw DRError(.refused, "start geo-replication", reason: "already started")
    }
    try await base.start()
  }
  func stop() async throws(DRError) {
    isStarted.withLock { $0 = false }
    try await base.stop()
  }
  func settings() async throws(DRError) -> [SessionSetting] { try await base.settings() }
  func set(_ setting: SessionSetting) async throws(DRError) { try await base.set(setting) }
  func delete() async throws(DRError) { try await base.delete() }
  func create() async throws(DRError) { try await base.create() }
  func primaryGeometry() async throws(DRError) -> VolumeGeometry { try await base.primaryGeometry() }
  func dataMover() async throws(DRError) -> DataMover { try await base.dataMover() }
}

final class OverwritingJournal: Journal {
  private let steps = Mutex<[StepKey: [UInt8]]>([:])

  func value(for key: StepKey) async throws(DRError) -> [UInt8]? { steps.withLock { $0[key] } }
  func record(_ value: [UInt8], for key: StepKey) async throws(DRError) {
    steps.withLock { $0[key] = value }
  }
}

struct LeaseForAll: ForwardingCatalogue {
  let base: any Catalogue

  func takeLease(
    _ key: DestinationKey, owner: RunID, now: Instant, until expiry: Instant
  ) async throws(DRError) {}
  func releaseLease(_ key: DestinationKey, owner: RunID) async throws(DRError) {}
}

struct ForeignOverlay: ForwardingEngine {
  let base: any VirtualizationManager

  func createSnapshot(
    of machine: VirtualMachineID, description: String, overlays: [OverlayRequest]
  ) async throws(DRError) -> SnapshotID {
    let others = overlays.map {
      OverlayRequest(disk: $0.disk, overlay: .derived(from: $0.overlay, name: "another"))
    }
    return try await base.createSnapshot(of: machine, description: description, overlays: others)
  }
}

struct SilentLog: ForwardingEngine {
  let base: any VirtualizationManager

  func machineEvents(after index: Int64) async throws(DRError) -> [MachineEvent] { [] }
}
