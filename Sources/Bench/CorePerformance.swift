internal import DRKit
public import Simulator

/// How fast the simulator's core is, on this machine, now. The bars in `docs/` were set on a 2-core virtual machine whose
/// neighbours alone move these figures by a factor of three: read them beside `calibration`.
public enum CorePerformance {
  public struct Rate: Hashable, Sendable {
    public var name: String
    /// What was counted: events, wake-ups or calls.
    public var count: UInt64
    public var seconds: Double
    public var perSecond: Double { seconds > 0 ? Double(count) / seconds : 0 }
  }

  /// World events through the real loop and a handler: each schedules its successor, so that `pending` stay pending.
  public static func worldEvents(pending: Int, count: UInt64) throws(SimulationFault) -> Rate {
    let loop = SimulationLoop(start: Instant(epochSeconds: 1_700_000_000))
    let world = HoldWorld(left: count, seed: Seed(7))
    for who in 0..<pending {
      loop.schedule(after: world.gap(), kind: 1, a: UInt32(who), b: 0)
    }
    let start = loop.now
    let clock = ContinuousClock()
    let before = loop.statistics.worldEvents
    let began = clock.now
    try loop.advance(in: world, to: start + .hours(1_000_000))
    let seconds = (clock.now - began).inSeconds
    let done = loop.statistics.worldEvents - before
    return Rate(name: "world events, \(pending) pending", count: done, seconds: seconds)
  }

  /// Cancellable sleeps through the clock port, by `tasks` tasks at once.
  public static func wakeUps(tasks: Int, count: Int) throws(SimulationFault) -> Rate {
    let loop = SimulationLoop(start: Instant(epochSeconds: 1_700_000_000))
    let sleeper: any DRClock = SimClock(loop, loop.startIncarnation())
    let each = max(count / tasks, 1)
    let clock = ContinuousClock()
    let began = clock.now
    try loop.run {
      await withTaskGroup(of: Void.self) { group in
        for task in 0..<tasks {
          group.addTask {
            var random = Randomness(Seed(3).child("sleeper", task))
            for _ in 0..<each {
              try? await sleeper.sleep(for: .nanoseconds(1 + Int64(random.below(1_000_000))))
            }
          }
        }
      }
    }
    let seconds = (clock.now - began).inSeconds
    return Rate(
      name: "task wake-ups, \(tasks) tasks", count: loop.statistics.wakeUps, seconds: seconds)
  }

  /// A fixed integer loop, in draws of the random generator: the machine's own speed just now. About 0.8 G/s when it is quiet.
  public static func calibration() -> Rate {
    var random = Randomness(Seed(1))
    var sum: UInt64 = 0
    let count: UInt64 = 200_000_000
    let clock = ContinuousClock()
    let began = clock.now
    for _ in 0..<count { sum &+= random.next() }
    let seconds = (clock.now - began).inSeconds
    // The sum is used, so that the loop is not optimised away.
    return Rate(name: sum == 0 ? "calibration (?)" : "calibration", count: count, seconds: seconds)
  }
}

/// The hold model: what an event does is schedule the next one.
private final class HoldWorld: WorldHandler, @unchecked Sendable {
  private var left: UInt64
  private var random: Randomness

  init(left: UInt64, seed: Seed) {
    self.left = left
    random = Randomness(seed)
  }

  func gap() -> TimeSpan { .nanoseconds(1 + Int64(random.below(1_000_000_000))) }

  func handle(_ event: WorldEvent, in loop: SimulationLoop) {
    guard left > 0 else { return }
    left -= 1
    loop.schedule(after: gap(), kind: event.kind, a: event.a, b: event.b &+ 1)
  }
}

extension Duration {
  /// Whole attoseconds as seconds; for reports only.
  fileprivate var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
