/// What a run tells whoever watches it. Telling changes nothing: an observer can't fail and must not block.
public protocol RunObserver: Sendable {
  func observe(_ event: RunEvent, at instant: Instant)
}

public enum RunEvent: Sendable, Hashable {
  case runBegan(RunRecord, resumed: Bool)
  case phaseBegan(Phase)
  case phaseEnded(PhaseRecord)
  /// A wait goes on, and why.
  case waiting(Phase, reason: String, deadline: Instant)
  /// A wait's deadline, as decided once for the step; told again by each incarnation that waits.
  case deadline(StepKey, Instant)
  /// Something done or decided that a human wants to see.
  case noted(Phase, String)
  case retrying(DRError, attempt: Int, after: TimeSpan)
  case phaseFailed(Phase, DRError)
  case runEnded(RunRecord)
}

public struct SilentObserver: RunObserver {
  public init() {}
  public func observe(_ event: RunEvent, at instant: Instant) {}
}
