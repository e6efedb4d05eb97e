import DRKit
import Glibc
import Simulator

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
    let before = loop.statistics.worldEvents
    let began = threadSeconds()
    try loop.advance(in: world, to: start + .hours(1_000_000))
    let seconds = (threadSeconds() - began)
    let done = loop.statistics.worldEvents - before
    return Rate(name: "world events, \(pending) pending", count: done, seconds: seconds)
  }

  /// Cancellable sleeps through the clock port, by `tasks` tasks at once.
  public static func wakeUps(tasks: Int, count: Int) throws(SimulationFault) -> Rate {
    let loop = SimulationLoop(start: Instant(epochSeconds: 1_700_000_000))
    let sleeper: any DRClock = SimClock(loop, loop.startIncarnation())
    let each = max(count / tasks, 1)
    let began = threadSeconds()
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
    let seconds = (threadSeconds() - began)
    return Rate(
      name: "task wake-ups, \(tasks) tasks", count: loop.statistics.wakeUps, seconds: seconds)
  }

  /// A fixed integer loop, in draws of the random generator: the machine's own speed just now. About 0.8 G/s when it is quiet.
  public static func calibration() -> Rate {
    var random = Randomness(Seed(1))
    var sum: UInt64 = 0
    let count: UInt64 = 200_000_000
    let began = threadSeconds()
    for _ in 0..<count { sum &+= random.next() }
    let seconds = (threadSeconds() - began)
    // The sum is used, so that the loop is not optimised away.
    return Rate(name: sum == 0 ? "calibration (?)" : "calibration", count: count, seconds: seconds)
  }
}

/// The hold model: what an event does is schedule the next one. Its state is behind a pointer, as a world's should be: a
/// class's properties pay for a check at each access.
private final class HoldWorld: WorldHandler, @unchecked Sendable {
  private struct State {
    var left: UInt64
    var random: Randomness
  }

  private let state: UnsafeMutablePointer<State>

  init(left: UInt64, seed: Seed) {
    state = .allocate(capacity: 1)
    state.initialize(to: State(left: left, random: Randomness(seed)))
  }

  deinit { state.deallocate() }

  func gap() -> TimeSpan { .nanoseconds(1 + Int64(state.pointee.random.below(1_000_000_000))) }

  func handle(_ event: WorldEvent, in loop: SimulationLoop) {
    guard state.pointee.left > 0 else { return }
    state.pointee.left -= 1
    loop.schedule(after: gap(), kind: event.kind, a: event.a, b: event.b &+ 1)
  }
}

/// Processor time of this thread: what the neighbours take away does not count.
private func threadSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
