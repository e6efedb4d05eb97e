import DRKit

/// What a scenario file says: a world, how often it is synced, what goes wrong, and what must come of it.
public struct Scenario: Sendable, Hashable {
  /// How long it goes on.
  public enum Extent: Sendable, Hashable {
    case cycles(Int)
    /// Cycles are begun until this has passed.
    case duration(TimeSpan)
  }

  public var name: String
  public var about: String
  /// Issues and incidents of the real world that it stands for.
  public var standsFor: [String]
  public var extent: Extent
  public var plan: WorldPlan
  /// Between the beginnings of two cycles; a cycle that takes longer delays the next to the next slot.
  public var every: TimeSpan
  public var policy: SyncPolicy
  public var expectations: [Expectation]
  /// The cycle, from 1, that repairs the destination; nil: none does.
  public var repairCycle: Int?

  public init(
    name: String, about: String = "", standsFor: [String] = [], extent: Extent, plan: WorldPlan,
    every: TimeSpan, policy: SyncPolicy = SyncPolicy(), expectations: [Expectation] = []
  ) {
    self.name = name
    self.about = about
    self.standsFor = standsFor
    self.extent = extent
    self.plan = plan
    self.every = every
    self.policy = policy
    self.expectations = expectations
  }

  /// The first cycle begins this long after the simulation, so that guests have written something.
  public static let firstCycle = TimeSpan.minutes(1)
}

/// What must come of a scenario.
public enum Expectation: Sendable, Hashable {
  /// No law was broken.
  case lawsKept
  /// So many runs sealed a point.
  case sealed(Int)
  /// So many runs failed.
  case failed(Int)
  /// The newest true point was never older than this.
  case exposure(max: TimeSpan)
  /// There was never so long no point that could be used.
  case withoutPoint(max: TimeSpan)
  /// So many snapshots of ours stand at the engine in the end.
  case leftOverSnapshots(Int)
  /// Whether the destination is marked as diverged in the end.
  case diverged(Bool)
  /// So many verdicts of this grade stand in all points together.
  case graded(MachineVerdict.Grade, Int)
  /// These faults were felt.
  case happened([WorldFault.Kind])
}
