import DRKit

/// Something that happens in the simulated world at an instant: a number for what, and integers for to whom
/// and how much. What the numbers mean is the world's business; keep the details in its own tables.
public struct WorldEvent: Hashable, Sendable {
  public let at: Instant
  public let kind: UInt32
  public let a: UInt32
  public let b: Int64

  public init(at: Instant, kind: UInt32, a: UInt32 = 0, b: Int64 = 0) {
    self.at = at
    self.kind = kind
    self.a = a
    self.b = b
  }
}

/// The simulated world: plain state that changes at events and at port calls, always on the loop's thread and
/// never while another change is under way. Conform with a `final class` marked `@unchecked Sendable`; the
/// loop's guards are what makes that true.
public protocol WorldHandler: AnyObject, Sendable {
  /// Takes one event; the loop's `now` is the event's instant. May schedule and cancel events, and kill
  /// incarnations.
  func handle(_ event: WorldEvent, in loop: SimulationLoop)
}

/// A world where nothing happens, for simulations of tasks alone.
public final class EmptyWorld: WorldHandler {
  public init() {}
  public func handle(_ event: WorldEvent, in loop: SimulationLoop) {}
}

/// Names one scheduled event, to cancel it. Not reused within a loop.
public struct EventHandle: Hashable, Sendable {
  let time: UInt64
  let tag: UInt64

  static let none = EventHandle(time: 0, tag: 0)
}
