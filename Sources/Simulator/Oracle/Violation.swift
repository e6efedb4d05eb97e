import DRKit

/// A law of the design that was broken, and how.
public struct Violation: Sendable, Hashable, Codable {
  /// The numbers are those of the design's "laws".
  public enum Law: Int, Sendable, Hashable, Codable, CaseIterable {
    case onlyOurOverlaysAreDeleted = 1
    case nobodyWritesWhileAWorkerLives = 2
    case sealedByProofOnly = 4
    case noSnapshotForgotten = 5
    case everyWaitHasADeadline = 7
    case journalThenAct = 8
    case everyAnswerIsTrue = 9
    case guestsNeverStop = 10

    public var words: String {
      switch self {
      case .onlyOurOverlaysAreDeleted: "only our overlays are deleted"
      case .nobodyWritesWhileAWorkerLives: "nobody writes at the secondary while a worker lives"
      case .sealedByProofOnly: "a point is sealed only by proof"
      case .noSnapshotForgotten: "no snapshot is forgotten"
      case .everyWaitHasADeadline: "every wait has a deadline"
      case .journalThenAct: "killed anywhere, a run leaves no leak"
      case .everyAnswerIsTrue: "who asks what would come up gets the true answer"
      case .guestsNeverStop: "guests never stop"
      }
    }
  }

  public var law: Law
  public var at: Instant
  public var detail: String

  public init(_ law: Law, at: Instant, _ detail: String) {
    self.law = law
    self.at = at
    self.detail = detail
  }
}

extension Violation: CustomStringConvertible {
  public var description: String { "law \(law.rawValue) (\(law.words)): \(detail)" }
}

/// An image as it was when its guest was switched to an overlay: what a recovery point of that snapshot must hold.
public struct FrozenImage: Sendable {
  public var disk: DiskID
  public var base: VolumeID
  public var overlay: VolumeID
  /// The snapshot's: it names the run.
  public var description: String
  public var at: Instant
  public var size: Int64
  public var shards: [ContentID]
}
