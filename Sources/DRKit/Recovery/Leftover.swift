/// A snapshot at the engine that some sync left standing: its overlay grows, and the next run would stack another on it.
public struct Leftover: Hashable, Sendable, Codable {
  public var machine: VirtualMachineID
  public var machineName: String
  public var snapshot: SnapshotID
  public var description: String
  public var maker: OverlayMaker
  /// Why it is not merged now; nil: it may be.
  public var refusal: String?
  /// What to do about that; empty when it may be merged.
  public var remedy: String

  /// Of one name a snapshot is taken for a sync's, and of no other: an administrator's own are nobody's leftovers.
  /// - Parameter domain: the storage domain's name at the engine.
  static func maker(of snapshot: Snapshot, _ machine: VirtualMachine, domain: String) -> OverlayMaker? {
    if snapshot.description == OverlayClaims.vmbackupName { return .vmbackup }
    if snapshot.description == machine.name + domain + OverlayClaims.engineSuffix { return .engineSync }
    return SnapshotName.owner(in: snapshot.description) == nil ? nil : .drkit
  }
}

/// What stands at the primary that nobody works with any more.
public struct LeftoverReport: Hashable, Sendable, Codable {
  /// What speaks against the session being at rest; nil: no worker shows, or there is no session.
  public var session: String?
  /// A run of this destination that has not ended; `drctl sync` goes on with it.
  public var unfinishedRun: RunID?
  public var leftovers: [Leftover]

  public var mergeable: [Leftover] { leftovers.filter { $0.refusal == nil } }
}
