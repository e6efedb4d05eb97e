import DRKit
import Simulator
import Testing

@Suite("Lives and deaths of the process under test")
struct CoreKillTests {
  @Test(
    "A kill wakes every sleeper at once, in the order of their slots, and leaves nothing behind",
    arguments: [1, 20, 1_000])
  func killAll(sleepers: Int) throws {
    let loop = SimulationLoop(start: .dawn)
    let leaks = LeakCounter()
    let life = loop.startIncarnation()
    let clock = SimClock(loop, life)
    let log = Log()
    try loop.run {
      await withTaskGroup(of: Void.self) { group in
        for index in 0..<sleepers {
          let token = leaks.token()
          group.addTask {
            defer { token.touch() }
            do throws(DRError) {
              try await clock.sleep(for: .hours(Int64(1 + (sleepers - index) % 7)))
              Issue.record("slept through its own death")
            } catch {
              #expect(error.kind == .stopped)
              log.add(index)
            }
            await #expect(throws: DRError.stopped) { try await clock.sleep(for: .seconds(1)) }
            await #expect(throws: DRError.stopped) {
              try await loop.call(life) { Issue.record("a dead hand") }
            }
          }
        }
        let watcher = loop.startIncarnation()
        while loop.statistics.sleeping < sleepers { try? await loop.giveWay(watcher) }
        #expect(leaks.count == sleepers)
        loop.kill(life)
        await group.waitForAll()
      }
    }
    #expect(log.values == Array(0..<sleepers))
    #expect(loop.now == .dawn)
    #expect(leaks.count == 0)
    #expect(loop.statistics.pending == 0)
    #expect(loop.statistics.sleeping == 0)
    #expect(!loop.isAlive(life))
  }

  @Test("Killing one life does not touch another")
  func twoLives() throws {
    let loop = SimulationLoop(start: .dawn)
    let (old, new) = (loop.startIncarnation(), loop.startIncarnation())
    let survivor: Instant = try loop.run {
      let doomed = Task { try await SimClock(loop, old).sleep(for: .hours(2)) }
      async let living: Void = SimClock(loop, new).sleep(for: .hours(1))
      try? await loop.giveWay(new)
      loop.kill(old)
      await #expect(throws: DRError.stopped) { try await doomed.value }
      try? await living
      return loop.now
    }
    #expect(survivor == .dawn + .hours(1))
    #expect(loop.isAlive(new))
  }

  @Test(
    "A world event may kill, and one that is due at the instant of a wake-up wins if it was scheduled first")
  func killByEvent() throws {
    let loop = SimulationLoop(start: .dawn)
    let life = loop.startIncarnation()
    let world = RecordingWorld()
    world.onEvent = { _, loop in loop.kill(life) }
    loop.schedule(after: .seconds(1), kind: 1)
    try loop.run(in: world) {
      await #expect(throws: DRError.stopped) { try await SimClock(loop, life).sleep(for: .seconds(1)) }
    }
  }

  @Test(
    "Killed at every boundary and started again, the work gets done; what had taken effect stays",
    arguments: InFlight.allCases)
  func everyBoundary(inFlight: InFlight) throws {
    var effects: Set<Int> = []
    var boundary: UInt64 = 1
    while true {
      let loop = SimulationLoop(start: .dawn)
      let world = Ledger()
      let crash = CrashPlan(boundary: boundary, inFlight: inFlight)
      let lives = try loop.run(in: world) {
        var lives = 0
        var plan: CrashPlan? = crash
        while true {
          let life = loop.startIncarnation(crash: plan)
          plan = nil
          lives += 1
          do throws(DRError) {
            try await work(loop, life, world)
            return lives
          } catch {
            #expect(error.kind == .stopped)
          }
        }
      }
      try loop.advance(in: world, to: loop.now + .hours(1))
      #expect(world.keys == [0, 1, 2])
      effects.insert(world.effects)
      #expect(loop.statistics.sleeping == 0)
      if lives == 1 { break }
      boundary += 1
    }
    // Three steps: a sleep, and a call with its two boundaries.
    #expect(boundary == 10)
    // What lands, or is done and not answered, is done again.
    #expect(effects.contains(3) && effects.contains(4))
  }

  private func work(_ loop: SimulationLoop, _ life: Incarnation, _ world: Ledger) async throws(DRError) {
    for step in 0..<3 {
      try await loop.sleep(life, for: .seconds(1))
      try await loop.call(life, request: .milliseconds(10), reply: .milliseconds(10)) { world.put(step) }
    }
  }

  @Test(
    "A request under way at the death is lost, or lands at its time, as planned", arguments: InFlight.allCases
  )
  func inFlight(fate: InFlight) throws {
    let loop = SimulationLoop(start: .dawn)
    let world = Ledger()
    let life = loop.startIncarnation()
    loop.schedule(after: .seconds(1), kind: 1)
    world.onEvent = { loop in loop.kill(life, inFlight: fate) }
    try loop.run(in: world) {
      await #expect(throws: DRError.stopped) {
        try await loop.call(life, request: .seconds(5), reply: .seconds(5)) { world.put(1) }
      }
      #expect(loop.now == .dawn + .seconds(1))
      #expect(world.effects == 0)
    }
    try loop.advance(in: world, to: .dawn + .seconds(5))
    #expect(world.effects == (fate == .lands ? 1 : 0))
  }

  @Test("A call takes its latencies, its effect happens between them, and its error travels back")
  func call() throws {
    let loop = SimulationLoop(start: .dawn)
    let life = loop.startIncarnation()
    try loop.run {
      let seen = try? await loop.call(life, request: .seconds(2), reply: .seconds(3)) { loop.now }
      #expect(seen == .dawn + .seconds(2))
      #expect(loop.now == .dawn + .seconds(5))
      let refusal = DRError(.refused, "try", reason: "no")
      await #expect(throws: refusal) {
        try await loop.call(life, request: .seconds(1), reply: .seconds(1)) { () throws(DRError) in
          throw refusal
        }
      }
      #expect(loop.now == .dawn + .seconds(7))
      #expect(loop.boundaries(of: life) == 4)
    }
  }

  @Test("A cancelled sleep throws at once, also if it was cancelled before it began")
  func cancellation() throws {
    let loop = SimulationLoop(start: .dawn)
    let clock = SimClock(loop, loop.startIncarnation())
    try loop.run {
      let early = Task { try await clock.sleep(for: .hours(1)) }
      early.cancel()
      await #expect(throws: DRError.stopped) { try await early.value }
      let late = Task { try await clock.sleep(for: .hours(1)) }
      try? await clock.sleep(for: .seconds(1))
      late.cancel()
      await #expect(throws: DRError.stopped) { try await late.value }
      #expect(loop.now == .dawn + .seconds(1))
    }
    #expect(loop.statistics.pending == 0)
  }

  @Test("The wall clock may jump; uptime and sleeps don't notice")
  func wallClock() throws {
    let loop = SimulationLoop(start: .dawn)
    try loop.advance(in: EmptyWorld(), to: .dawn + .hours(1))
    let life = loop.startIncarnation()
    let clock = SimClock(loop, life)
    loop.setWallClock(of: life, aheadBy: .minutes(-5))
    try loop.run {
      #expect(clock.now == .dawn + .minutes(55))
      try? await clock.sleep(for: .minutes(1))
      #expect(clock.now == .dawn + .minutes(56))
      #expect(clock.uptime == .minutes(1))
      #expect(loop.now == .dawn + .minutes(61))
      try? await clock.sleep(for: .zero)
      #expect(clock.uptime == .minutes(1))
    }
  }

  @Test(
    "Runs end in a fault when steps or time run out, when halted, when nested in themselves"
  )
  func faults() throws {
    func kind(
      _ budget: SimulationBudget = .unlimited,
      _ body: @escaping @Sendable (SimulationLoop, SimClock) async -> Void
    ) -> SimulationFault.Kind? {
      let loop = SimulationLoop(start: .dawn)
      let clock = SimClock(loop, loop.startIncarnation())
      do throws(SimulationFault) {
        try loop.run(budget: budget) { await body(loop, clock) }
        return nil
      } catch {
        #expect(loop.statistics.sleeping == 0)
        #expect(loop.statistics.ready == 0)
        return error.kind
      }
    }
    #expect(kind { _, clock in try? await clock.sleep(for: .hours(1)) } == nil)
    let hour = SimulationBudget(until: .dawn + .hours(1))
    #expect(kind(hour) { _, clock in try? await clock.sleep(for: .hours(1)) } == nil)
    #expect(kind(hour) { _, clock in try? await clock.sleep(for: .hours(2)) } == .outOfTime)
    let few = SimulationBudget(steps: 1_000)
    #expect(
      kind(few) { _, clock in while (try? await clock.sleep(for: .seconds(1))) != nil {} } == .outOfSteps)
    #expect(
      kind(few) { loop, clock in
        while (try? await loop.giveWay(clock.incarnation)) != nil {}
      } == .outOfSteps)
    #expect(
      kind { loop, clock in
        loop.halt("a law was broken")
        try? await clock.sleep(for: .hours(1))
      } == .halted)
    #expect(
      kind { loop, _ in
        #expect(throws: SimulationFault.self) { try loop.run {} }
      } == nil)
  }

  @Test("Tasks left over by the root are let go by the shutdown")
  func leftovers() throws {
    let loop = SimulationLoop(start: .dawn)
    let leaks = LeakCounter()
    let clock = SimClock(loop, loop.startIncarnation())
    try loop.run {
      for _ in 0..<10 {
        let token = leaks.token()
        _ = Task {
          try? await clock.sleep(for: .hours(1))
          token.touch()
        }
      }
      try? await clock.sleep(for: .seconds(1))
    }
    #expect(leaks.count == 10)
    #expect(loop.statistics.sleeping == 10)
    #expect(loop.shutdown() == 0)
    #expect(leaks.count == 0)
  }
}

private final class Log: @unchecked Sendable {
  private(set) var values: [Int] = []
  func add(_ value: Int) { values.append(value) }
}

/// A world in which things are put under keys, more than once if need be.
private final class Ledger: WorldHandler, @unchecked Sendable {
  private(set) var keys: Set<Int> = []
  private(set) var effects = 0
  var onEvent: ((SimulationLoop) -> Void)?

  func put(_ key: Int) {
    keys.insert(key)
    effects += 1
  }
  func handle(_ event: WorldEvent, in loop: SimulationLoop) { onEvent?(loop) }
}
