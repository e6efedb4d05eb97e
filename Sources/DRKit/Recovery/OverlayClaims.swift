/// Who made an overlay, as far as that can be proved without any journal.
public enum OverlayMaker: String, Sendable, Hashable, Codable {
  /// The id is derived from a run and the disk.
  case drkit
  /// A snapshot called `GLUSTER-Geo-rep-snapshot` (vmbackup.py of ovirt-georep-backup).
  case vmbackup
  /// A snapshot called `<machine><domain>-TMPDR` (the engine's `GlusterStorageSyncCommand`).
  case engineSync = "engine-sync"
}

/// That an overlay is somebody's, with the proof.
struct OverlayClaim: Sendable, Hashable {
  var maker: OverlayMaker
  /// What it stands on, where the proof says so.
  var base: VolumeID?
  /// In words, for whoever is asked whether it may go.
  var proof: String
}

/// What is known of one image's volumes beyond their own files.
struct OverlayClaims: Sendable {
  private(set) var claims: [VolumeID: OverlayClaim] = [:]
  /// Volumes that a point, or the plan of a run, stands on: never to be removed, whoever made them.
  private(set) var kept: Set<VolumeID> = []
  /// Volumes of the disk that some configuration names.
  private(set) var named: Set<VolumeID> = []

  /// Attempts that a run may have made at one overlay.
  private static let attempts = 1...8
  static let vmbackupName = "GLUSTER-Geo-rep-snapshot"
  static let engineSuffix = "-TMPDR"

  /// - Parameter runs: that are known by anything else than a record: by their nonces.
  init(_ image: ImageContent, in domain: DomainContent, runs: [RunID]) {
    for manifest in domain.records.manifests {
      for sealed in manifest.point.images where sealed.disk == image.disk {
        kept.insert(sealed.volume)
        for below in sealed.below ?? [] { kept.insert(below.volume) }
      }
    }
    for intent in domain.records.intents {
      for plan in intent.plan?.disks ?? [] where plan.disk == image.disk { kept.insert(plan.base) }
    }
    claimLeftovers(image, domain)
    claimOurs(image, domain, runs)
  }

  subscript(_ volume: VolumeID) -> OverlayClaim? { claims[volume] }

  /// Our overlays are known by their ids alone; the intent adds what they stand on.
  private mutating func claimOurs(_ image: ImageContent, _ domain: DomainContent, _ runs: [RunID]) {
    for run in Set(domain.records.runs + runs).sorted() {
      for attempt in Self.attempts {
        let overlay = Derived.overlay(run: run, disk: image.disk, attempt: attempt)
        guard image[overlay] != nil else { continue }
        let plan = domain.records.intent(of: run)?.plan?.disks.first {
          $0.disk == image.disk && $0.overlay == overlay
        }
        claims[overlay] = OverlayClaim(
          maker: .drkit, base: plan?.base,
          proof: "its id is derived from run \(run) and this disk"
            + (plan.map { "; the run's intent puts it on \($0.base)" } ?? ""))
      }
    }
  }

  /// An overlay of somebody else's tool is known by a configuration that says: it stands on a volume, and that volume is
  /// frozen by a snapshot of exactly the name that the tool gives. Never when another volume was ever seen to stand on it.
  private mutating func claimLeftovers(_ image: ImageContent, _ domain: DomainContent) {
    var parents: Set<VolumeID> = []
    for document in domain.documents {
      for disk in document.disks where disk.disk == image.disk {
        named.insert(disk.volume)
        if let parent = disk.parent { parents.insert(parent) }
      }
    }
    for document in domain.documents {
      for disk in document.disks where disk.disk == image.disk && !parents.contains(disk.volume) {
        guard image[disk.volume] != nil, claims[disk.volume] == nil, let base = disk.parent,
          let frozen = document.disks.first(where: { $0.disk == image.disk && $0.volume == base })?.snapshot,
          let snapshot = document.snapshots.first(where: { $0.id == frozen }), snapshot.type == "REGULAR",
          let maker = Self.maker(of: snapshot, document, domain)
        else { continue }
        let when = snapshot.created.isEmpty ? "" : " of \(snapshot.created)"
        claims[disk.volume] = OverlayClaim(
          maker: maker, base: base,
          proof:
            "\(document.source) says of \(document.name): it stands on \(base), which is frozen by the snapshot "
            + "\"\(snapshot.description)\"\(when)")
      }
    }
  }

  private static func maker(
    of snapshot: OVFDocument.Snapshot, _ document: OVFDocument, _ domain: DomainContent
  ) -> OverlayMaker? {
    if snapshot.description == vmbackupName { return .vmbackup }
    guard let name = domain.name, !name.isEmpty, !document.name.isEmpty else { return nil }
    return snapshot.description == document.name + name + engineSuffix ? .engineSync : nil
  }
}

extension QuiescePlan {
  var disks: [DiskPlan] { machines.flatMap(\.disks) }
}
