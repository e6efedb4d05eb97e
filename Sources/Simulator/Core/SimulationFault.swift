import DRKit

/// Why a simulation could not be run to its end. A finding about the program under test (or about its
/// harness), as a value.
public struct SimulationFault: Error, Hashable, Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    /// The root has not finished and nothing is left that could ever wake it: a deadlock, or a task waits for
    /// something that is not simulated (a real clock, another thread).
    case stuck
    /// Simulated time went past the budget.
    case outOfTime
    /// More jobs, wake-ups and events than the budget allows: perhaps a loop without a sleep.
    case outOfSteps
    /// A task of the simulation ran on a thread that isn't the loop's.
    case escaped
    /// `halt` was called.
    case halted
    /// `run` was called from within a run of the same loop.
    case nested
  }

  public var kind: Kind
  /// Simulated time when it was noticed.
  public var at: Instant
  /// Jobs, wake-ups and events up to then.
  public var steps: UInt64
  /// Tasks that slept then. They have been told to stop since.
  public var sleeping: Int
  public var reason: String

  public init(_ kind: Kind, at: Instant, steps: UInt64, sleeping: Int, reason: String) {
    self.kind = kind
    self.at = at
    self.steps = steps
    self.sleeping = sleeping
    self.reason = reason
  }
}

extension SimulationFault: CustomStringConvertible {
  public var description: String {
    "simulation \(kind.rawValue) at \(at.nanoseconds) ns after \(steps) steps, \(sleeping) asleep: \(reason)"
  }
}

/// How far a run may go before it is given up.
public struct SimulationBudget: Hashable, Sendable {
  /// Jobs, wake-ups and events of this run.
  public var steps: UInt64
  /// The last instant that may be reached.
  public var until: Instant

  public static let unlimited = SimulationBudget()

  public init(steps: UInt64 = .max, until: Instant = Instant(nanoseconds: .max)) {
    self.steps = steps
    self.until = until
  }
}
