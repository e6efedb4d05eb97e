import DRKit
import Glibc
import Simulator

/// How fast the simulator's core is, on this machine, now.
///
/// Times are processor time of the measuring thread, so what the neighbours take of the core does not count;
/// what they take of its caches and its sibling does. Read the rates beside the calibration.
public enum CorePerformance {
  public struct Rate: Hashable, Sendable {
    public var name: String
    /// What was counted: events, wake-ups or draws.
    public var count: UInt64
    /// Processor time.
    public var seconds: Double
    /// What it should come to at least, per second; nil: nothing is asked.
    public var bar: Double?

    public var perSecond: Double { seconds > 0 ? Double(count) / seconds : 0 }
    public var meetsBar: Bool { bar.map { perSecond >= $0 } ?? true }
  }

  /// World events per second and core that the simulator is to reach in a release build.
  public static let worldEventBar = 10_000_000.0
  /// The same for wake-ups of tasks.
  public static let wakeUpBar = 1_500_000.0

  /// All of it, in about ten seconds: calibration, world events, wake-ups, calibration.
  public static func suite() throws(SimulationFault) -> [Rate] {
    var rates = [calibration()]
    for pending in [1_000, 100_000] { rates.append(try worldEvents(pending: pending, count: 10_000_000)) }
    for tasks in [20, 1_000] { rates.append(try wakeUps(tasks: tasks, count: 2_000_000)) }
    rates.append(calibration())
    return rates
  }

  /// World events through the real loop and a handler: each schedules its successor, so that `pending` stay
  /// pending.
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
    return Rate(name: "world events, \(pending) pending", count: done, seconds: seconds, bar: worldEventBar)
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
      name: "task wake-ups, \(tasks) tasks", count: loop.statistics.wakeUps, seconds: seconds,
      bar: wakeUpBar)
  }

  /// A fixed integer loop, in draws of the random generator: the machine's own speed just now. About 1 G/s
  /// when it is quiet.
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

/// The hold model: what an event does is schedule the next one. Its state is behind a pointer, as a world's
/// should be: a class's properties pay for a check at each access.
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
