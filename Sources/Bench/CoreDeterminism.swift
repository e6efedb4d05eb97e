import DRKit
import Simulator

/// The same seeds must do the same in every process, in debug and in release: a workload that uses the whole
/// core, and its hash. Print it in both builds and compare.
public enum CoreDeterminism {
  /// What a run of all seeds came to.
  public struct Result: Hashable, Sendable {
    /// Over all seeds, each first come first served and in random order.
    public var hash: TraceHash
    public var runs: Int
    /// Jobs, wake-ups and events.
    public var steps: UInt64
    /// Seeds whose second run differed from the first. Empty, or the core is broken.
    public var unstable: [UInt64]
  }

  /// Runs every seed twice in each order.
  /// - Throws: `SimulationFault` if a run does not come to its end.
  public static func combinedHash(seeds: Range<UInt64>) throws(SimulationFault) -> Result {
    var result = Result(hash: TraceHash(), runs: 0, steps: 0, unstable: [])
    for value in seeds {
      let seed = Seed(value)
      for order in [RunOrder.fifo, .random(seed.child("scheduler"))] {
        let first = try trace(seed, order)
        let second = try trace(seed, order)
        if first.hash != second.hash { result.unstable.append(value) }
        result.hash.add(first.hash.value)
        result.runs += 2
        result.steps += first.steps + second.steps
      }
    }
    return result
  }

  /// One seed's run: 30 tasks that sleep, call, race and are killed and started again, in a world that is
  /// busy by itself.
  static func trace(_ seed: Seed, _ order: RunOrder) throws(SimulationFault) -> (
    hash: TraceHash, steps: UInt64
  ) {
    let loop = SimulationLoop(start: Instant(epochSeconds: 1_800_000_000), order: order)
    let world = BusyWorld(seed)
    for index in UInt32(0)..<20 { loop.schedule(after: .microseconds(Int64(index)), kind: 1, a: index) }
    var random = Randomness(seed.child("crash"))
    let crash = CrashPlan(
      boundary: 1 + random.below(300), inFlight: random.happens(Chance(0.5)) ? .lands : .lost)
    try loop.run(in: world, budget: SimulationBudget(steps: 50_000_000)) {
      var plan: CrashPlan? = crash
      while true {
        let life = loop.startIncarnation(crash: plan)
        await workload(seed, loop, life, world)
        if loop.isAlive(life) { break }
        plan = nil
      }
    }
    let statistics = loop.statistics
    loop.shutdown()
    return (loop.trace, statistics.worldEvents + statistics.wakeUps + statistics.jobs)
  }

  private static func workload(
    _ seed: Seed, _ loop: SimulationLoop, _ life: Incarnation, _ world: BusyWorld
  ) async {
    let tally = Tally()
    await withTaskGroup(of: Void.self) { group in
      for index in 0..<30 {
        group.addTask {
          do throws(DRError) {
            try await worker(index, seed, loop, life, world, tally)
          } catch {
            loop.note(99, UInt32(index), error.kind == .stopped ? 0 : 1)
          }
        }
      }
    }
  }

  private static func worker(
    _ index: Int, _ seed: Seed, _ loop: SimulationLoop, _ life: Incarnation, _ world: BusyWorld,
    _ tally: Tally
  ) async throws(DRError) {
    var random = Randomness(seed.child("worker", index))
    let clock = SimClock(loop, life)
    for step in 0..<15 {
      let pause = TimeSpan.nanoseconds(Int64(random.below(40_000)))
      switch random.below(5) {
      case 0: try await clock.sleep(for: pause)
      case 1: loop.note(11, UInt32(index), Int64(await tally.add(step)))
      case 2:
        let value = try await loop.call(life, request: pause, reply: pause) { world.draw() }
        loop.note(12, UInt32(index), Int64(value))
      case 3:
        let winner = await withTaskGroup(of: Int64.self) { race in
          for lane in Int64(0)..<3 {
            race.addTask {
              try? await clock.sleep(for: pause + .microseconds(lane * 7))
              return lane
            }
          }
          let first = await race.next()
          race.cancelAll()
          return first ?? -1
        }
        loop.note(13, UInt32(index), winner)
      default:
        async let one: Int = tally.add(1)
        async let two: Int = tally.add(2)
        loop.note(14, UInt32(index), Int64(await one + two))
        try await loop.giveWay(life)
      }
    }
  }
}

private actor Tally {
  private var sum = 0

  func add(_ value: Int) -> Int {
    sum += value
    return sum
  }
}

private final class BusyWorld: WorldHandler, @unchecked Sendable {
  private var random: Randomness
  private var latest: EventHandle?

  init(_ seed: Seed) { random = Randomness(seed.child("world")) }

  func draw() -> UInt64 { random.below(1_000_000) }

  func handle(_ event: WorldEvent, in loop: SimulationLoop) {
    guard event.b < 60 else { return }
    let handle = loop.schedule(
      after: .nanoseconds(Int64(random.below(60_000))), kind: 1, a: event.a, b: event.b + 1)
    // Now and then the plans change.
    if random.below(16) == 0, let latest, loop.cancel(latest) {
      loop.schedule(after: .microseconds(3), kind: 2, a: event.a, b: event.b + 1)
    }
    latest = handle
  }
}
