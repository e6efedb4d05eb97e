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

/// Where an incarnation dies by itself.
public struct CrashPlan: Hashable, Sendable {
  /// Counted from 1: it dies on reaching this boundary. More than it ever reaches: it lives.
  public var boundary: UInt64
  public var inFlight: InFlight

  public init(boundary: UInt64, inFlight: InFlight = .lost) {
    self.boundary = boundary
    self.inFlight = inFlight
  }
}

/// What the loop keeps of an incarnation.
struct IncarnationState {
  var isAlive = true
  var boundaries: UInt64 = 0
  var diesAt: UInt64 = .max
  var inFlight = InFlight.lost
  var startedAt: Int64
  /// How far its wall clock is ahead of the simulation's time.
  var wallOffset: Int64 = 0
}
