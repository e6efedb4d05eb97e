import DRKit

/// Names one piece of long work; increasing, never used twice.
public struct WorkID: Sendable, Hashable, Comparable, CustomStringConvertible {
  public var number: Int

  public init(_ number: Int) { self.number = number }

  public static func < (a: WorkID, b: WorkID) -> Bool { a.number < b.number }
  public var description: String { "work \(number)" }
}

/// Two volumes of one disk that a piece of work is about: `overlay` stands directly on `base`.
public struct VolumeStep: Sendable, Hashable {
  public var disk: DiskID
  public var domain: StorageDomainID
  public var base: VolumeID
  public var baseFormat: VolumeFormat
  /// The base's own parent; nil at the bottom of a chain.
  public var baseParent: VolumeID?
  public var overlay: VolumeID
  /// Whether the overlay is (or will be) what the guest writes to: a merge of an inner overlay has no pivot.
  public var isActive: Bool
  /// vdsm's SEQ of the overlay.
  public var overlaySequence: Int
  /// Bytes.
  public var provisionedSize: Int64

  public init(
    disk: DiskID, domain: StorageDomainID, base: VolumeID, baseFormat: VolumeFormat,
    baseParent: VolumeID? = nil, overlay: VolumeID, isActive: Bool = true, overlaySequence: Int,
    provisionedSize: Int64
  ) {
    self.disk = disk
    self.domain = domain
    self.base = base
    self.baseFormat = baseFormat
    self.baseParent = baseParent
    self.overlay = overlay
    self.isActive = isActive
    self.overlaySequence = overlaySequence
    self.provisionedSize = provisionedSize
  }
}

/// Long work that the engine asks somebody to do: the simulated world with latency, the lab with real qemu, the test bed
/// with a plain delay.
///
/// Order of a snapshot as vdsm does it (V `volume.clone`, `volume.create`; docs/real-systems.md, "vdsm's
/// files"): every overlay is created and its base's `.meta` says INTERNAL →
/// `EngineModel.snapshotVolumesCreated` → qemu switches (until then guests write to the bases) →
/// `finish(.done)`.
/// Order of a merge: per disk the overlay is committed into its base, the base's VOLTYPE goes back to LEAF
/// (or stays INTERNAL under another overlay), the overlay's three files are removed → `volumeMerged` → after
/// the last, `finish(.done)`.
public struct EngineWork: Sendable, Hashable {
  public enum Kind: Sendable, Hashable {
    case snapshot(machine: VirtualMachineID, snapshot: SnapshotID, steps: [VolumeStep])
    case merge(machine: VirtualMachineID, snapshot: SnapshotID, steps: [VolumeStep])
    case updateOVF(domain: StorageDomainID)
  }

  public var id: WorkID
  public var kind: Kind
  /// Whether a qemu process has the disks open (live), or plain files may be worked on.
  public var isLive: Bool
  /// Set when the fault plan wants this work to fail: the performer does a part of it and reports `.failed` with this
  /// reason. `finish(.done)` of such work is taken as this failure.
  public var doomed: String?

  public init(id: WorkID, kind: Kind, isLive: Bool = true, doomed: String? = nil) {
    self.id = id
    self.kind = kind
    self.isLive = isLive
    self.doomed = doomed
  }

  public var steps: [VolumeStep] {
    switch kind {
    case .snapshot(_, _, let steps), .merge(_, _, let steps): steps
    case .updateOVF: []
    }
  }

  public var machine: VirtualMachineID? {
    switch kind {
    case .snapshot(let machine, _, _), .merge(let machine, _, _): machine
    case .updateOVF: nil
    }
  }
}

/// How a piece of work ended.
public enum WorkOutcome: Sendable, Hashable {
  case done
  /// Nothing of it remains in use. A snapshot vanishes; a merge leaves its snapshot, status `ok` again.
  case failed(reason: String)
  /// A snapshot command that failed although qemu already writes to the overlays: the engine keeps the snapshot, unlocks it
  /// and warns (`CreateSnapshotForVmCommand.endVmCommand`, "appears to be in use despite failure").
  case failedInUse(reason: String)
  /// A merge that left the images it could not merge ILLEGAL in the engine's database: the snapshot is `ok` again, and the
  /// next snapshot of those disks is refused with 500 until somebody repairs them. For a snapshot the same as `failed`.
  case failedIllegal(reason: String)
}

/// Work under way, as the model remembers it.
struct WorkInHand: Sendable, Hashable {
  var work: EngineWork
  var job: JobID?
  var correlationID: String?
  var volumesCreated = false
  var mergedDisks: [DiskID] = []
}
