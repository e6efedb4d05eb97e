import DRKit

/// The clock port of one incarnation, in virtual time.
public struct SimClock: DRClock {
  public let loop: SimulationLoop
  public let incarnation: Incarnation

  public init(_ loop: SimulationLoop, _ incarnation: Incarnation) {
    self.loop = loop
    self.incarnation = incarnation
  }

  public var now: Instant { loop.wallClock(of: incarnation) }
  public var uptime: TimeSpan { loop.uptime(of: incarnation) }

  public func sleep(for span: TimeSpan) async throws(DRError) {
    try await loop.sleep(incarnation, for: span)
  }
}
