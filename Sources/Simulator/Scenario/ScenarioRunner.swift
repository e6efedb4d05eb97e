import DRKit

/// Runs a scenario in virtual time: the production pipeline on simulated ports (or on the real adapters, if a family of ports
/// has them), cycle after cycle.
public struct ScenarioRunner: Sendable {
  /// One cycle by whatever algorithm; `SyncRun` unless told otherwise.
  public typealias Cycle =
    @Sendable (SyncPorts, SyncTarget, SyncPolicy, RunID) async throws(DRError) -> Void

  /// Makes the ports for a run's world.
  public typealias Family = @Sendable (SimulatedWorld, SimStore) -> any PortFamily

  public var scenario: Scenario
  public var seed: UInt64
  /// Where the process under test dies by itself: its first life at the first, its second at the second, …
  public var crashes: [CrashPlan]
  public var cycle: Cycle
  public var family: Family

  public init(
    _ scenario: Scenario, seed: UInt64, crashes: [CrashPlan] = [],
    cycle: @escaping Cycle = ScenarioRunner.syncRun,
    family: @escaping Family = { DirectPorts(world: $0, store: $1) }
  ) {
    self.scenario = scenario
    self.seed = seed
    self.crashes = crashes
    self.cycle = cycle
    self.family = family
  }

  public static let syncRun: Cycle = {
    (ports: SyncPorts, target: SyncTarget, policy: SyncPolicy, fresh: RunID) async throws(DRError) in
    _ = try await SyncRun(ports: ports, target: target, policy: policy).execute(fresh: fresh)
  }

  /// Virtual time that a scenario may take beyond its own extent before it is given up.
  private static let patience = TimeSpan.hours(24 * 30)
  /// Steps that a scenario may take: a loop without a sleep ends there.
  private static let steps: UInt64 = 2_000_000_000

  public func run() -> ScenarioReport {
    let root = Seed(seed)
    let loop = SimulationLoop(start: WorldPlan.birth, order: .random(root.child("scheduler")))
    let world = SimulatedWorld(scenario.plan, seed: root.child("world"), in: loop)
    let store = SimStore()
    let driver = CycleDriver(
      scenario: scenario, seed: root.child("runs"), crashes: crashes, cycle: cycle, world: world,
      ports: family(world, store))
    var trouble: [String] = []
    do throws(SimulationFault) {
      let budget = SimulationBudget(steps: Self.steps, until: WorldPlan.birth + extent + Self.patience)
      trouble += try loop.run(in: world, budget: budget) { await driver.drive() }
    } catch {
      trouble.append(error.description)
    }
    let left = loop.shutdown()
    if left > 0 { trouble.append("\(left) task(s) still sleep after the end") }
    return ScenarioJudge(scenario: scenario, seed: seed, world: world, store: store).report(trouble)
  }

  private var extent: TimeSpan {
    switch scenario.extent {
    case .cycles(let count): scenario.every * Int64(count)
    case .duration(let span): span
    }
  }
}

/// Begins cycles at their times, and another life of the process under test when one has died.
struct CycleDriver: Sendable {
  let scenario: Scenario
  let seed: Seed
  let crashes: [CrashPlan]
  let cycle: ScenarioRunner.Cycle
  let world: SimulatedWorld
  let ports: any PortFamily

  /// Lives that one cycle may cost.
  private static let lives = 60

  /// Returns what went wrong with the driving itself.
  func drive() async -> [String] {
    let supervisor = world.loop.startIncarnation()
    let began = world.loop.now
    var number = 0
    var slot = began + Scenario.firstCycle
    var life = 0
    var trouble: [String] = []
    while goesOn(number, slot, began) {
      do throws(DRError) {
        try await world.loop.sleep(supervisor, until: slot)
        try await cycle(number, supervisor, &life)
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

  private func cycle(_ number: Int, _ supervisor: Incarnation, _ life: inout Int) async throws(DRError) {
    let target = SyncTarget(
      key: DestinationKey(domain: world.domain.name, destination: scenario.plan.secondary.name),
      domain: world.domain.name)
    for _ in 0..<Self.lives {
      try await world.loop.sleep(supervisor, until: world.executorMayReturn)
      let who = world.loop.startIncarnation(crash: life < crashes.count ? crashes[life] : nil)
      life += 1
      world.executor = who
      var draws = Randomness(seed.child("life", life))
      do throws(DRError) {
        let fresh: RunID = draws.identifier()
        return try await ports.withPorts(of: who) { (ports) async throws(DRError) in
          try await cycle(ports, target, scenario.policy, fresh)
        }
      } catch {
        // Killed, told to end by a lost lease, or given up on an error: the service manager starts another life, and the
        // lease of the dead has to run out first.
        if error.kind == .unfit { throw error }
        world.timeline.add(world.loop.now, .run, "the executor's life \(life) ended: \(error)")
        try await world.loop.sleep(supervisor, for: .seconds(10))
      }
    }
    throw DRError(.timedOut, "finish the cycle", reason: "\(Self.lives) lives were not enough")
  }
}
