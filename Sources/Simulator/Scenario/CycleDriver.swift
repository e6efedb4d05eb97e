import DRKit

/// Begins cycles at their times, and another life of the process under test when one has died or stands still.
struct CycleDriver: Sendable {
  let scenario: Scenario
  let seed: Seed
  let strikes: [LifeStrike?]
  let cycle: ScenarioRunner.Cycle
  let world: SimulatedWorld
  let store: SimStore
  let ports: any PortFamily
  let lives: Lives

  /// Lives that one cycle may cost.
  private static let livesOfACycle = 60

  /// Returns what went wrong with the driving itself.
  func drive() async -> [String] {
    let supervisor = world.loop.startIncarnation()
    let began = world.loop.now
    var number = 0
    var slot = began + Scenario.firstCycle
    var trouble: [String] = []
    while goesOn(number, slot, began) {
      do throws(DRError) {
        try await world.loop.sleep(supervisor, until: slot)
        try await cycle(number, supervisor)
      } catch {
        trouble.append("cycle \(number + 1): \(error)")
        if error.kind == .stopped { return trouble }
      }
      number += 1
      while slot <= world.loop.now { slot = slot + scenario.every }
    }
    return trouble
  }

  private func goesOn(_ number: Int, _ slot: Instant, _ began: Instant) -> Bool {
    switch scenario.extent {
    case .cycles(let count): number < count
    case .duration(let span): slot < began + span
    }
  }

  private func cycle(_ number: Int, _ supervisor: Incarnation) async throws(DRError) {
    for _ in 0..<Self.livesOfACycle {
      try await world.loop.sleep(supervisor, until: world.executorMayReturn)
      do throws(DRError) {
        return try await life(supervisor, number)
      } catch {
        // Killed, told to end by a lost lease, or given up on an error: the service manager starts another life, and the
        // lease of the dead has to run out first.
        if error.kind == .unfit { throw error }
        if let trouble = lives.trouble(with: error, in: world) { throw trouble }
        world.timeline.add(world.loop.now, .run, "the executor's life \(lives.count) ended: \(error)")
        try await world.loop.sleep(supervisor, for: .seconds(10))
      }
    }
    throw DRError(.timedOut, "finish the cycle", reason: "\(Self.livesOfACycle) lives were not enough")
  }

  /// One life; with it, if it stands still, another one that takes over.
  private func life(_ supervisor: Incarnation, _ number: Int) async throws(DRError) {
    let strike = lives.count < strikes.count ? strikes[lives.count] : nil
    let who = world.loop.startIncarnation(crash: strike?.plan)
    lives.begin(who)
    guard strike?.plan.freeze != nil else {
      let outcome = await live(who, number)
      if strike?.losesLastRecord == true, !world.loop.isAlive(who), let lost = store.loseLastRecord() {
        world.oracle.forget(lost)
        world.timeline.add(world.loop.now, .fault, "the journal's last record, \(lost.step), is lost")
      }
      return try outcome.get()
    }
    let outcome = await withTaskGroup(of: (isFirst: Bool, Result<Void, DRError>).self) { group in
      let first = Flag()
      group.addTask {
        let outcome = await live(who, number)
        first.isSet = true
        return (true, outcome)
      }
      group.addTask {
        while !first.isSet {
          if world.loop.struck(who) != nil { return (false, await takeOver(supervisor, number)) }
          do throws(DRError) { try await world.loop.sleep(supervisor, for: .seconds(5)) } catch {
            return (false, .failure(error))
          }
        }
        return (false, .success(()))
      }
      var outcomes: [Bool: Result<Void, DRError>] = [:]
      while let ended = await group.next() { outcomes[ended.isFirst] = ended.1 }
      // The one that stood still may find its lease taken; whoever took over must come to an end.
      return world.loop.struck(who) == nil ? outcomes[true] : outcomes[false]
    }
    try outcome?.get()
  }

  private func takeOver(_ supervisor: Incarnation, _ number: Int) async -> Result<Void, DRError> {
    do throws(DRError) {
      for _ in 0..<Self.livesOfACycle {
        // Once the lease of the one that stands still has run out.
        try await world.loop.sleep(supervisor, for: scenario.policy.leaseLength + .seconds(5))
        let next = world.loop.startIncarnation()
        lives.begin(next)
        do throws(DRError) { return .success(try await live(next, number).get()) } catch {
          if error.kind == .unfit { throw error }
          world.timeline.add(world.loop.now, .run, "the executor's life \(lives.count) ended: \(error)")
        }
      }
    } catch {
      return .failure(error)
    }
    return .failure(DRError(.timedOut, "take over", reason: "\(Self.livesOfACycle) lives were not enough"))
  }

  private func live(_ who: Incarnation, _ number: Int) async -> Result<Void, DRError> {
    let target = SyncTarget(
      key: DestinationKey(domain: world.domain.name, destination: scenario.plan.secondary.name),
      domain: world.domain.name)
    world.executor = who
    defer { world.executor = nil }
    var draws = Randomness(seed.child("life", lives.count))
    do throws(DRError) {
      let fresh: RunID = draws.identifier()
      var policy = scenario.policy
      policy.repairs = scenario.repairCycle == number + 1
      let told = policy
      try await ports.withPorts(of: who) { (ports) async throws(DRError) in
        try await cycle(ports, target, told, fresh)
      }
      return .success(())
    } catch {
      return .failure(error)
    }
  }
}

/// The lives of the process under test so far. Touched on the loop's thread only.
final class Lives: @unchecked Sendable {
  private(set) var all: [Incarnation] = []
  var count: Int { all.count }

  /// An end that nobody brought about is a defect of the program under test: it was not killed, it did not stand still, its
  /// ports worked, and it does not say that another one is at work.
  func trouble(with error: DRError, in world: SimulatedWorld) -> DRError? {
    guard let last = all.last, world.loop.isAlive(last), error.kind != .busy,
      !all.contains(where: { world.loop.struck($0) != nil }),
      !world.plan.faults.contains(where: { $0.kind == .portUnreachable || $0.kind == .portAnswerLost })
    else { return nil }
    return DRError(
      .malformed, "finish the cycle", reason: "the program gave up although nothing was wrong: \(error)")
  }
  func begin(_ who: Incarnation) { all.append(who) }
}

private final class Flag: @unchecked Sendable {
  var isSet = false
}
