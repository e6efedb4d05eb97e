import DRKit
import ForwardingPorts
import Synchronization

/// Ports that break a promise, and pass on everything else.
struct WrongViews: PrimaryVolume {
  let base: any PrimaryVolume
  let wrong: PlantedWrong

  func view() async throws(DRError) -> any VolumeView {
    let view = try await base.view()
    switch wrong {
    case .sampleIgnored: return FirstBlocks(base: view)
    case .nothingSaid: return SilentView(base: view)
    default: return EmptyView(base: view)
    }
  }
  func writeNonces(_ content: [UInt8], under directory: String) async throws(DRError) -> [Nonce] {
    try await base.writeNonces(content, under: directory)
  }
}

private struct EmptyView: ForwardingView {
  let base: any VolumeView

  func read(_ path: String) async throws(DRError) -> [UInt8]? { try await base.read(path) ?? [] }
}

private struct FirstBlocks: ForwardingView {
  let base: any VolumeView

  func digests(of path: String, _ plan: DigestPlan) async throws(DRError) -> BlockDigests? {
    guard let sample = plan.sample else { return try await base.digests(of: path, plan) }
    let all = try await base.digests(of: path, DigestPlan(block: plan.block))
    return all.map {
      BlockDigests(size: $0.size, block: $0.block, blocks: Array($0.blocks.prefix(sample.count)))
    }
  }
}

private struct SilentView: ForwardingView {
  let base: any VolumeView

  func checkDigests() async throws(DRError) -> String { "" }
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
  func dataMover() async throws(DRError) -> DataMover { try await base.dataMover() }
  func setReadOnly(_ readOnly: Bool) async throws(DRError) {}
}

final class WrongSession: ForwardingSession {
  let base: any GeoReplication
  private let wrong: PlantedWrong
  private let isStarted = Mutex(false)
  private let isDeleted = Mutex(false)

  init(base: any GeoReplication, wrong: PlantedWrong) {
    self.base = base
    self.wrong = wrong
  }

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
  func settings() async throws(DRError) -> [SessionSetting] {
    if wrong == .optionsOfNothing, isDeleted.withLock({ $0 }) { return [] }
    return try await base.settings()
  }
  func set(_ setting: SessionSetting) async throws(DRError) {
    // As a CLI does that takes a word with dashes for its own.
    if wrong == .dashesSwallowed, setting.value.hasPrefix("-") { return }
    try await base.set(setting)
  }
  func delete() async throws(DRError) {
    try await base.delete()
    isDeleted.withLock { $0 = true }
  }
  func create() async throws(DRError) {
    try await base.create()
    isDeleted.withLock { $0 = false }
  }
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

/// The newest point, whoever asks; and the limit that was saved first.
struct WrongCatalogue: ForwardingCatalogue {
  let base: any Catalogue
  let wrong: PlantedWrong

  func point(of run: RunID) async throws(DRError) -> RecoveryPoint? {
    let point = try await base.point(of: run)
    guard wrong == .newestForAll, let key = point?.key else { return point }
    return try await base.newestPoint(key)
  }
  func save(_ limit: RsyncLimit) async throws(DRError) {
    if wrong == .firstLimitStands, try await base.rsyncLimit(of: limit.key) != nil { return }
    try await base.save(limit)
  }
  func clearRsyncLimit(of key: DestinationKey) async throws(DRError) {
    if wrong != .limitNotForgotten { try await base.clearRsyncLimit(of: key) }
  }
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
