import DRKit
import Simulator
import Testing

@Suite("What stays on the simulation's thread")
struct CoreEscapeTests {
  @Test(
    "Concurrency constructs stay in the simulation", arguments: Construct.allCases,
    [RunOrder.fifo, .random(Seed(3))])
  func stays(construct: Construct, order: RunOrder) throws {
    let loop = SimulationLoop(start: .dawn, order: order)
    let place = Whereabouts()
    let clock = SimClock(loop, loop.startIncarnation())
    try loop.run {
      place.here("root")
      await construct.exercise(place, clock, loop)
      place.here("root, after")
    }
    #expect(place.strayed.isEmpty)
    #expect(place.stations >= 3)
    #expect(loop.shutdown() == 0)
    #expect(loop.statistics.ready == 0)
  }

  @Test(
    "With the executor preference instead of the hook's global executor, too", arguments: Construct.structured
  )
  func staysByPreference(construct: Construct) throws {
    let loop = SimulationLoop(start: .dawn)
    let place = Whereabouts()
    let clock = SimClock(loop, loop.startIncarnation())
    try loop.run {
      await withTaskExecutorPreference(loop.taskExecutor) {
        await construct.exercise(place, clock, loop)
      }
    }
    #expect(place.strayed.isEmpty)
  }

  @Test("A sleep on a real clock is caught: the root is reported unfinished, at the instant it had reached")
  func realSleep() throws {
    let loop = SimulationLoop(start: .dawn)
    let clock = SimClock(loop, loop.startIncarnation())
    let fault = #expect(throws: SimulationFault.self) {
      try loop.run {
        try? await clock.sleep(for: .seconds(2))
        try? await Task.sleep(nanoseconds: 50_000_000)
      }
    }
    #expect(fault?.kind == .stuck)
    #expect(fault?.at == .dawn + .seconds(2))
  }

  @Test("Task.yield is caught too: it goes past the hook, unless the task prefers the simulation's executor")
  func yielding() throws {
    let loop = SimulationLoop(start: .dawn)
    let fault = #expect(throws: SimulationFault.self) { try loop.run { await Task.yield() } }
    #expect(fault?.kind == .stuck)
    let other = SimulationLoop(start: .dawn)
    let place = Whereabouts()
    try other.run {
      await withTaskExecutorPreference(other.taskExecutor) {
        for _ in 0..<3 {
          await Task.yield()
          place.here("yield")
        }
      }
    }
    #expect(place.strayed.isEmpty)
    #expect(place.stations == 3)
  }

  @Test("A hop to the main actor is caught")
  func mainActor() throws {
    let loop = SimulationLoop(start: .dawn)
    let fault = #expect(throws: SimulationFault.self) {
      try loop.run { await MainActor.run {} }
    }
    #expect(fault.map { $0.kind == .stuck || $0.kind == .escaped } == true)
  }

  @Test("A continuation that nobody resumes is caught; a sleeper beside it is told to stop")
  func lostContinuation() throws {
    let loop = SimulationLoop(start: .dawn)
    let clock = SimClock(loop, loop.startIncarnation())
    let fault = #expect(throws: SimulationFault.self) {
      try loop.run {
        let never = AsyncStream<Int> { _ in }
        async let sleeper: Void? = try? clock.sleep(for: .hours(1))
        for await _ in never {}
        _ = await sleeper
      }
    }
    #expect(fault?.kind == .stuck)
    #expect(loop.statistics.sleeping == 0)
  }

  @Test("A port used from a thread that is not the simulation's throws there, and voids the run")
  func strayedPort() throws {
    let loop = SimulationLoop(start: .dawn)
    let life = loop.startIncarnation()
    let fault = #expect(throws: SimulationFault.self) {
      try loop.run {
        onAnotherThread {
          do throws(DRError) {
            try loop.crossBoundary(life)
            Issue.record("no error")
          } catch {
            #expect(error.kind == .unfit)
          }
        }
      }
    }
    #expect(fault?.kind == .escaped)
  }

  @Test("The world touched from another thread ends the process with a message")
  func strayedWorld() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let loop = SimulationLoop(start: .dawn)
      onAnotherThread { loop.schedule(after: .zero, kind: 1) }
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("not the simulation's"))
  }

  @Test("A job enqueued on the simulation's executor by another thread ends the process with a message")
  func strayedJob() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let loop = SimulationLoop(start: .dawn)
      onAnotherThread { _ = Task(executorPreference: loop.taskExecutor) {} }
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("a job for the simulation"))
  }

  @Test("A sleeper cancelled from another thread ends the process with a message")
  func strayedCancel() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let loop = SimulationLoop(start: .dawn)
      let clock = SimClock(loop, loop.startIncarnation())
      try loop.run {
        let sleeper = Task { try? await clock.sleep(for: .hours(1)) }
        try? await loop.giveWay(clock.incarnation)
        onAnotherThread { sleeper.cancel() }
        await sleeper.value
      }
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("not the simulation's"))
  }
}
