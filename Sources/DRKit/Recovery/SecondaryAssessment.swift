/// What is at the secondary, from the secondary alone: what would come up, how old, and what would not.
public struct SecondaryAssessment: Sendable, Hashable, Codable {
  public var domains: [DomainAssessment]

  /// Everything that a point holds would come up as it is, and there is nothing to repair, to refuse or to doubt.
  public var isWhole: Bool { !domains.isEmpty && domains.allSatisfy(\.isWhole) }
}

/// Whether the domain at the secondary is still a copy.
public enum DomainLiveness: String, Sendable, Hashable, Codable {
  /// Attached to the primary's pool, as it was carried over, or to none.
  case copy
  /// Attached to another pool than the primary's: an engine works on it.
  case live
  /// Attached to a pool, and nothing here says whether it is the primary's.
  case unknown
  /// `dom_md/metadata` is not there or can't be read.
  case unreadable
}

public struct DomainAssessment: Sendable, Hashable, Codable {
  public var id: StorageDomainID
  /// As `dom_md/metadata` has it.
  public var name: String?
  public var pools: [String]
  public var liveness: DomainLiveness
  /// The newest point that was sealed here; nil if there is none.
  public var point: PointSummary?
  /// Runs that have, or may have, carried bytes over it since.
  public var overwriting: [RunSummary]
  public var images: [ImageAssessment]
  public var machines: [MachineAssessment]
  /// What the point itself says that it does not hold.
  public var notInPoint: [String]
  public var leftOut: [String]
  /// What concerns the domain as a whole and keeps repair from touching it.
  public var refusals: [RepairRefusal]
  public var remarks: [String]

  public var isWhole: Bool {
    point != nil && liveness == .copy && refusals.isEmpty
      && (overwriting.isEmpty || images.contains { $0.isVerified })
      && images.allSatisfy { image in
        image.plan.acts.isEmpty && image.plan.refusals.isEmpty
          && (image.verdict == .whole || image.verdict == .notInPoint)
      }
  }

  /// What repair would do, image by image; nothing while the domain itself is refused.
  public var acts: [RepairAct] { refusals.isEmpty ? images.flatMap(\.plan.acts) : [] }
  public var allRefusals: [RepairRefusal] { refusals + images.flatMap(\.plan.refusals) }
}

public struct PointSummary: Sendable, Hashable, Codable {
  public var run: RunID
  public var key: DestinationKey
  /// The point is as old as this.
  public var instant: Instant
  public var sealed: Instant
  public var predecessor: RunID?
}

public struct RunSummary: Sendable, Hashable, Codable {
  public var run: RunID?
  /// When it said that it would begin; nil when its record can't be read or is not there.
  public var began: Instant?
  /// The instant that its point would have had.
  public var instant: Instant?
  /// What shows that it was at work.
  public var evidence: String
}

public enum ImageVerdict: String, Sendable, Hashable, Codable, Comparable {
  /// As the point sealed it, and in vdsm's order.
  case whole
  /// As the point sealed it, but vdsm would stumble: `drctl secondary repair`.
  case wholeAfterRepair = "whole-after-repair"
  /// No point holds it: carried as it is.
  case notInPoint = "not-in-point"
  /// A run was overwriting it: neither old nor new, unless a digest says otherwise.
  case halfSynced = "half-synced"
  /// In the point, and not as the point has it, although no run is known to have been at work.
  case damaged
  /// An engine works on it: it is no copy any more.
  case live

  private var rank: Int {
    switch self {
    case .whole: 0
    case .wholeAfterRepair: 1
    case .notInPoint: 2
    case .halfSynced: 3
    case .damaged: 4
    case .live: 5
    }
  }

  /// Better verdicts are less.
  public static func < (a: ImageVerdict, b: ImageVerdict) -> Bool { a.rank < b.rank }
}

public struct ImageAssessment: Sendable, Hashable, Codable {
  public var disk: DiskID
  public var alias: String?
  public var machine: VirtualMachineID?
  public var machineName: String?
  public var verdict: ImageVerdict
  /// The run and the instant that a whole image stands at.
  public var run: RunID?
  public var instant: Instant?
  /// Its digests were compared now.
  public var isVerified: Bool
  public var reasons: [String]
  /// From the leaf down, as repair would leave it.
  public var chain: [VolumeID]
  public var overlays: [SeenOverlay]
  public var plan: ImageRepairPlan

  public struct SeenOverlay: Sendable, Hashable, Codable {
    public var volume: VolumeID
    /// Nil: nobody is proved to have made it.
    public var maker: OverlayMaker?
    public var proof: String
  }
}

public struct MachineAssessment: Sendable, Hashable, Codable {
  public var id: VirtualMachineID
  public var name: String?
  /// That of its worst image.
  public var verdict: ImageVerdict
  public var instant: Instant?
  /// What the point said of it when it was sealed: its images may be whole, and not all that it has. Nil in points of older versions.
  public var sealed: MachineVerdict?
}
