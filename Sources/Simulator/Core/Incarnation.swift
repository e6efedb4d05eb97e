import DRKit

/// One life of the process under test: what a kill ends at once. Tasks of an incarnation reach the world and
/// the clock only through it, and once it is dead they reach neither.
public struct Incarnation: Hashable, Sendable {
  /// 0 for the loop's first, and so on.
  public let index: UInt32
}

/// What becomes of a request that has left the process when the process dies.
public enum InFlight: String, Hashable, Sendable, CaseIterable {
  /// It never arrives.
  case lost
  /// It arrives when it would have arrived, though nobody waits for the answer.
  case lands
}

/// What a task was about to do at a boundary.
public enum BoundaryKind: String, Hashable, Sendable, CaseIterable, Codable {
  /// Send a request: the effect has not taken place.
  case request
  /// Take an answer: the effect has taken place.
  case answer
  /// Sleep.
  case sleep
}

/// Where an incarnation dies, or stands still, by itself.
public struct CrashPlan: Hashable, Sendable {
  /// Counted from 1: it dies on reaching this boundary. More than it ever reaches: it lives.
  public var boundary: UInt64
  /// What becomes of requests on their way, that of the boundary itself included.
  public var inFlight: InFlight
  /// If set it does not die: all its tasks stand still for so long (a paused machine, SIGSTOP), and then go on. What they had
  /// sent lands meanwhile.
  public var freeze: TimeSpan?

  public init(boundary: UInt64, inFlight: InFlight = .lost, freeze: TimeSpan? = nil) {
    self.boundary = boundary
    self.inFlight = inFlight
    self.freeze = freeze
  }
}

/// What the loop keeps of an incarnation.
struct IncarnationState {
  var isAlive = true
  var boundaries: UInt64 = 0
  var diesAt: UInt64 = .max
  var inFlight = InFlight.lost
  /// How long it stands still at `diesAt` instead of dying; zero: it dies.
  var freezes: Int64 = 0
  /// Until when its tasks stand still.
  var frozenUntil: Int64 = .min
  /// Where it died or froze; nil as long as it did not, or when it was killed from outside.
  var struckAt: BoundaryKind?
  var startedAt: Int64
  /// How far its wall clock is ahead of the simulation's time.
  var wallOffset: Int64 = 0
}
