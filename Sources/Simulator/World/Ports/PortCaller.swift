import DRKit

/// How simulated ports reach the world: latency, the effect at one instant, latency; each end a boundary at which the process
/// under test may die; and the faults that lose a request or an answer.
struct PortCaller: Sendable {
  let world: SimulatedWorld
  let who: Incarnation
  let port: SimPortName

  /// - Parameters:
  ///   - operation: for error texts.
  ///   - latency: of the whole call; three quarters lie before the effect.
  ///   - apply: the effect.
  func call<T>(
    _ operation: String, _ latency: ClosedRange<TimeSpan>,
    apply: @escaping (SimulatedWorld, Instant) throws(DRError) -> T
  ) async throws(DRError) -> T {
    let world = world
    let port = port
    let span = world.drawLatency(latency)
    let before = TimeSpan(nanoseconds: span.nanoseconds / 4 * 3)
    return try await world.loop.call(who, request: before, reply: span - before) { () throws(DRError) -> T in
      let now = world.loop.now
      if world.strikes(.portUnreachable, port: port) {
        throw DRError(.transient, operation, port.rawValue, reason: "no route to host (simulated)")
      }
      let isLost = world.strikes(.portAnswerLost, port: port)
      let result: Result<T, DRError>
      do throws(DRError) { result = .success(try apply(world, now)) } catch { result = .failure(error) }
      world.settle(at: now)
      if isLost {
        throw DRError(
          .transient, operation, port.rawValue, reason: "connection reset before the answer (simulated)")
      }
      return try result.get()
    }
  }
}

extension SimulatedWorld {
  func drawLatency(_ range: ClosedRange<TimeSpan>) -> TimeSpan { portDraws.span(in: range) }
}

/// How long calls take; orders of magnitude as seen on the lab.
enum PortLatency {
  static let rest: ClosedRange<TimeSpan> = .milliseconds(15)...(.milliseconds(120))
  static let status: ClosedRange<TimeSpan> = .milliseconds(150)...(.milliseconds(500))
  static let start: ClosedRange<TimeSpan> = .milliseconds(300)...(.milliseconds(1_700))
  static let stop: ClosedRange<TimeSpan> = .milliseconds(300)...(.milliseconds(1_200))
  static let setting: ClosedRange<TimeSpan> = .milliseconds(200)...(.milliseconds(700))
  static let mount: ClosedRange<TimeSpan> = .milliseconds(200)...(.milliseconds(900))
  static let file: ClosedRange<TimeSpan> = .milliseconds(1)...(.milliseconds(8))
  static let local: ClosedRange<TimeSpan> = .microseconds(100)...(.milliseconds(5))
}
