import DRKit

/// How ports reach the world: latency, the effect at one instant, latency; each end a boundary at which the process under
/// test may die; and the faults that lose a request or an answer.
public struct PortCaller: Sendable {
  public let world: SimulatedWorld
  public let who: Incarnation
  public let port: SimPortName

  public init(world: SimulatedWorld, who: Incarnation, port: SimPortName) {
    self.world = world
    self.who = who
    self.port = port
  }

  /// A call whose errors are the port's own.
  /// - Parameters:
  ///   - operation: for error texts.
  ///   - latency: of the whole call; three quarters lie before the effect.
  ///   - apply: the effect.
  func call<T>(
    _ operation: String, _ latency: ClosedRange<TimeSpan>,
    apply: @escaping (SimulatedWorld, Instant) throws(DRError) -> T
  ) async throws(DRError) -> T {
    let delivery = try await deliver(latency) { (world, now) -> Result<T, DRError> in
      do throws(DRError) { return .success(try apply(world, now)) } catch { return .failure(error) }
    }
    switch delivery {
    case .unreachable:
      throw DRError(.transient, operation, port.rawValue, reason: "no route to host (simulated)")
    case .answerLost:
      throw DRError(
        .transient, operation, port.rawValue, reason: "connection reset before the answer (simulated)")
    case .answered(let result): return try result.get()
    }
  }

  /// A call at byte level: what became of it is the caller's to put into its protocol's words.
  /// - Parameters:
  ///   - latency: of the whole call; three quarters lie before the effect.
  ///   - apply: the effect; an answer that says no is an answer.
  /// - Throws: `.stopped` when the incarnation is dead or dies, or the task is cancelled.
  public func deliver<Answer>(
    _ latency: ClosedRange<TimeSpan>, apply: @escaping (SimulatedWorld, Instant) -> Answer
  ) async throws(DRError) -> Delivery<Answer> {
    let world = world
    let port = port
    let span = world.drawLatency(latency)
    let before = TimeSpan(nanoseconds: span.nanoseconds / 4 * 3)
    return try await world.loop.call(who, request: before, reply: span - before) {
      () throws(DRError) -> Delivery<Answer> in
      let now = world.loop.now
      let isUnreachable = world.strikes(.portUnreachable, port: port)
      let isLost = !isUnreachable && world.strikes(.portAnswerLost, port: port)
      if port == .engine && (isUnreachable || isLost) { world.oracle.engineFailed(at: now) }
      if isUnreachable { return .unreachable }
      let answer = apply(world, now)
      world.settle(at: now)
      return isLost ? .answerLost(answer) : .answered(answer)
    }
  }
}

/// What became of a call.
public enum Delivery<Answer> {
  /// It never arrived.
  case unreachable
  /// It took effect; this is what the caller does not get to hear.
  case answerLost(Answer)
  case answered(Answer)
}

extension SimulatedWorld {
  func drawLatency(_ range: ClosedRange<TimeSpan>) -> TimeSpan { portDraws.span(in: range) }
}

/// How long calls take; orders of magnitude as seen on the lab.
public enum PortLatency {
  public static let rest: ClosedRange<TimeSpan> = .milliseconds(15)...(.milliseconds(120))
  public static let status: ClosedRange<TimeSpan> = .milliseconds(150)...(.milliseconds(500))
  public static let start: ClosedRange<TimeSpan> = .milliseconds(300)...(.milliseconds(1_700))
  public static let stop: ClosedRange<TimeSpan> = .milliseconds(300)...(.milliseconds(1_200))
  public static let setting: ClosedRange<TimeSpan> = .milliseconds(200)...(.milliseconds(700))
  public static let mount: ClosedRange<TimeSpan> = .milliseconds(200)...(.milliseconds(900))
  public static let file: ClosedRange<TimeSpan> = .milliseconds(1)...(.milliseconds(8))
  public static let local: ClosedRange<TimeSpan> = .microseconds(100)...(.milliseconds(5))
}
