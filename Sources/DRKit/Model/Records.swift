/// A storage domain's name at one destination: what a lease, a run and a recovery point belong to.
public struct DestinationKey: Hashable, Sendable, Codable {
  /// The storage domain's name as configured.
  public var domain: String
  /// The destination's name as configured.
  public var destination: String

  public init(domain: String, destination: String) {
    self.domain = domain
    self.destination = destination
  }
}

extension DestinationKey: CustomStringConvertible {
  public var description: String { "\(domain)@\(destination)" }
}

public enum RunOutcome: String, Hashable, Sendable, Codable {
  case running, sealed, failed
}

public struct RunRecord: Hashable, Sendable, Codable {
  public var id: RunID
  public var key: DestinationKey
  public var began: Instant
  public var ended: Instant?
  public var outcome: RunOutcome
  /// What failed, for a run that did.
  public var failure: DRError?
  /// What still stood at the end: snapshots (`machine: snapshot`), a session or a flag that could not be put back; each named in
  /// an alert.
  public var leftOver: [String]
  public var phases: [PhaseRecord]

  public init(
    id: RunID, key: DestinationKey, began: Instant, ended: Instant? = nil, outcome: RunOutcome = .running,
    failure: DRError? = nil, leftOver: [String] = [], phases: [PhaseRecord] = []
  ) {
    self.id = id
    self.key = key
    self.began = began
    self.ended = ended
    self.outcome = outcome
    self.failure = failure
    self.leftOver = leftOver
    self.phases = phases
  }
}

/// The phases of a run, in order. `protect` is said aloud as not supported until the secondary's thin snapshots are.
public enum Phase: String, Hashable, Sendable, Codable, CaseIterable {
  case adopt, preflight, protect, converge, describe, quiesce, replicate, seal, merge, report
}

public struct PhaseRecord: Hashable, Sendable, Codable {
  public var phase: Phase
  public var began: Instant
  public var ended: Instant
  /// One line for a human; empty if there is nothing to say.
  public var note: String

  public init(phase: Phase, began: Instant, ended: Instant, note: String) {
    self.phase = phase
    self.began = began
    self.ended = ended
    self.note = note
  }
}

/// One image of a recovery point, proved at the secondary.
public struct SealedImage: Hashable, Sendable, Codable {
  public var machine: VirtualMachineID
  public var disk: DiskID
  /// The frozen base, which is the image's leaf at the secondary.
  public var volume: VolumeID
  public var digest: FileDigest
  /// What it stands on, next below first, each proved. Nil in points of older versions, which did not keep it.
  public var below: [SealedVolume]?
  /// How much of the image was compared: the weakest of the base's and those of the volumes below it. Nil in points from
  /// before there were levels: every byte.
  public var proof: ContentProof?

  public init(
    machine: VirtualMachineID, disk: DiskID, volume: VolumeID, digest: FileDigest,
    below: [SealedVolume]? = nil, proof: ContentProof? = nil
  ) {
    self.machine = machine
    self.disk = disk
    self.volume = volume
    self.digest = digest
    self.below = below
    self.proof = proof
  }
}

/// A volume below the leaf of a sealed image.
public struct SealedVolume: Hashable, Sendable, Codable {
  public var volume: VolumeID
  public var digest: FileDigest

  public init(volume: VolumeID, digest: FileDigest) {
    self.volume = volume
    self.digest = digest
  }
}

/// What would come up: per machine the instant that its images stand at, proved.
public struct RecoveryPoint: Hashable, Sendable, Codable {
  public var run: RunID
  public var key: DestinationKey
  /// The earliest instant any machine of the point was frozen (when its snapshot was *requested*): the point's age
  /// counts from here.
  public var instant: Instant
  public var sealed: Instant
  public var images: [SealedImage]
  /// Machines and disks whose images arrived but belong to no point, with the reason.
  public var notInPoint: [String]
  /// Machines that should be in the point and are not: their snapshot failed and policy left them out, or what happened in
  /// mid-run took them out of it.
  public var leftOut: [String]
  /// The run that found the destination diverged, if it was so when this point was sealed: its own images are proved, and nothing else
  /// at the destination is.
  public var diverged: RunID?
  /// Each machine of the cut, and those that began to run after it: what the point holds of it, and what it did in mid-run. Nil in
  /// points of older versions.
  public var machines: [MachineVerdict]?

  public init(
    run: RunID, key: DestinationKey, instant: Instant, sealed: Instant, images: [SealedImage],
    notInPoint: [String], leftOut: [String] = [], diverged: RunID? = nil, machines: [MachineVerdict]? = nil
  ) {
    self.run = run
    self.key = key
    self.instant = instant
    self.sealed = sealed
    self.images = images
    self.notInPoint = notInPoint
    self.leftOut = leftOut
    self.diverged = diverged
    self.machines = machines
  }
}
