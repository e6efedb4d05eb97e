import DRKit
import Simulator

@globalActor
actor ElsewhereActor {
  static let shared = ElsewhereActor()
}

private actor Plain {
  private var value = 0
  func add(_ place: Whereabouts) -> Int {
    place.here("default actor")
    value += 1
    return value
  }
  func spawn(_ place: Whereabouts) -> Task<Void, Never> {
    Task { place.here("Task in an actor") }
  }
}

private actor Housed {
  nonisolated let unownedExecutor: UnownedSerialExecutor
  init(_ loop: SimulationLoop) { unownedExecutor = loop.serialExecutor.asUnownedSerialExecutor() }
  func sleepy(_ place: Whereabouts, _ clock: SimClock) async {
    place.here("actor with an executor")
    try? await clock.sleep(for: .milliseconds(1))
    place.here("actor with an executor, after a sleep")
  }
}

@ElsewhereActor
private func onGlobalActor(_ place: Whereabouts) { place.here("global actor") }

@concurrent
private func onConcurrent(_ place: Whereabouts, _ clock: SimClock) async {
  place.here("@concurrent")
  try? await clock.sleep(for: .milliseconds(1))
  place.here("@concurrent, after")
}

nonisolated(nonsending)
  private func onCaller(_ place: Whereabouts, _ clock: SimClock) async
{
  place.here("nonisolated(nonsending)")
  try? await clock.sleep(for: .milliseconds(1))
  place.here("nonisolated(nonsending), after")
}

/// The escape matrix: what the hook has to catch. When a toolchain changes, this is what tells us.
enum Construct: String, CaseIterable, Sendable {
  case task, detached, immediate, taskInActor, taskWithPreference
  case group, throwingGroupCancelled, discardingGroup, asyncLet
  case defaultActor, contendedActor, globalActor, housedActor
  case stream, continuation, concurrent, nonsending, timeoutRace, simulatedSleep, giveWay

  /// Those without unstructured tasks: what has to work by executor preference alone.
  static let structured: [Construct] = [
    .group, .throwingGroupCancelled, .discardingGroup, .asyncLet, .defaultActor, .contendedActor,
    .globalActor,
    .housedActor, .stream, .continuation, .concurrent, .nonsending, .timeoutRace, .simulatedSleep, .giveWay,
  ]

  func exercise(_ place: Whereabouts, _ clock: SimClock, _ loop: SimulationLoop) async {
    @Sendable func nap(_ name: String) async {
      place.here(name)
      try? await clock.sleep(for: .milliseconds(1))
      place.here("\(name), after")
    }
    switch self {
    case .task: await Task { await nap("Task") }.value
    case .detached: await Task.detached { await nap("Task.detached") }.value
    case .immediate: await Task.immediate { await nap("Task.immediate") }.value
    case .taskInActor: await Plain().spawn(place).value
    case .taskWithPreference:
      await Task(executorPreference: loop.taskExecutor) { await nap("Task with preference") }.value
    case .group:
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<5 { group.addTask { await nap("group") } }
      }
    case .throwingGroupCancelled:
      await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<5 {
          group.addTask {
            place.here("throwing group")
            try await clock.sleep(for: .hours(1))
          }
        }
        await nap("throwing group's parent")
        group.cancelAll()
        while let result = await group.nextResult() { if case .failure = result { place.here("cancelled") } }
      }
    case .discardingGroup:
      await withDiscardingTaskGroup { group in for _ in 0..<5 { group.addTask { await nap("discarding") } } }
    case .asyncLet:
      async let first: Void = nap("async let")
      async let second: Void = nap("async let")
      _ = await (first, second)
    case .defaultActor:
      let actor = Plain()
      for _ in 0..<3 { _ = await actor.add(place) }
    case .contendedActor:
      let actor = Plain()
      await withTaskGroup(of: Int.self) { group in
        for _ in 0..<20 { group.addTask { await actor.add(place) } }
      }
    case .globalActor:
      await onGlobalActor(place)
    case .housedActor:
      await Housed(loop).sleepy(place, clock)
    case .stream:
      let (stream, source) = AsyncStream<Int>.makeStream()
      await withTaskGroup(of: Void.self) { group in
        group.addTask {
          for await _ in stream { place.here("stream") }
        }
        group.addTask {
          for value in 0..<5 {
            await nap("stream's source")
            source.yield(value)
          }
          source.finish()
        }
      }
    case .continuation:
      await withTaskGroup(of: Void.self) { group in
        let (handed, giver) = AsyncStream<CheckedContinuation<Void, Never>>.makeStream()
        group.addTask {
          await withCheckedContinuation { giver.yield($0) }
          place.here("resumed")
          giver.finish()
        }
        for await continuation in handed {
          await nap("resumer")
          continuation.resume()
        }
      }
    case .giveWay:
      for _ in 0..<3 {
        try? await loop.giveWay(clock.incarnation)
        place.here("gave way")
      }
    case .concurrent: await onConcurrent(place, clock)
    case .nonsending: await onCaller(place, clock)
    case .timeoutRace:
      let winner = await withTaskGroup(of: String.self) { group in
        group.addTask {
          try? await clock.sleep(for: .seconds(1))
          return "timeout"
        }
        group.addTask {
          try? await clock.sleep(for: .milliseconds(1))
          return "work"
        }
        let first = await group.next() ?? "none"
        group.cancelAll()
        return first
      }
      place.here(winner)
    case .simulatedSleep: await nap("sleep")
    }
  }
}
