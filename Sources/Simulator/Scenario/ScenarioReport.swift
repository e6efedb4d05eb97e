import DRKit

/// What came of a scenario: a plain value, for people and as JSON.
public struct ScenarioReport: Sendable, Hashable, Codable {
  public enum Verdict: String, Sendable, Hashable, Codable {
    case kept, violated
  }

  public struct Run: Sendable, Hashable, Codable {
    public var id: RunID
    public var began: Instant
    public var ended: Instant?
    public var outcome: RunOutcome
    public var failure: String?
    public var leftOver: [String]
    public var phases: [PhaseRecord]
  }

  public struct Life: Sendable, Hashable, Codable {
    /// Points at which it could have been struck: one before each request, one before each answer, one before each sleep.
    public var boundaries: UInt64
    /// What it was about to do when it was struck; nil if it was not.
    public var struckAt: BoundaryKind?
  }

  public struct FaultCount: Sendable, Hashable, Codable {
    public var fault: String
    /// How often it was felt.
    public var bites: Int
  }

  public var scenario: String
  public var about: String
  public var seed: UInt64
  public var verdict: Verdict
  /// Why it is violated; empty otherwise.
  public var reasons: [String]
  /// Those of the reasons that say that a fault was never felt.
  public var unfelt: [String] = []
  public var began: Instant
  public var ended: Instant
  public var runs: [Run]
  public var violations: [Violation]
  public var faults: [FaultCount]
  public var exposure: ExposureRecord
  /// Nanoseconds; nil when nothing was sealed.
  public var longestExposure: TimeSpan?
  public var longestGap: TimeSpan
  public var leftOverSnapshots: Int
  /// Whether a destination is marked as diverged in the end.
  public var isDiverged = false
  public var guestWrites: UInt64
  public var bytesDelivered: Int64
  public var worldEvents: UInt64
  public var wakeUps: UInt64
  /// Sixteen hexadecimal digits; the same for the same scenario, seed and build of drkit.
  public var trace: String
  public var timeline: [Timeline.Entry]
  /// The lives of the process under test, in the order in which they began.
  public var lives: [Life] = []

  public var sealed: Int { runs.count { $0.outcome == .sealed } }
  public var failed: Int { runs.count { $0.outcome == .failed } }
}
