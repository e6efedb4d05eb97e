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
  /// Where the process under test is struck: its first life by the first, its second by the second, …; nil spares a life.
  public var strikes: [LifeStrike?]
  public var cycle: Cycle
  public var family: Family

  public init(
    _ scenario: Scenario, seed: UInt64, strikes: [LifeStrike?] = [],
    cycle: @escaping Cycle = ScenarioRunner.syncRun,
    family: @escaping Family = { DirectPorts(world: $0, store: $1) }
  ) {
    self.scenario = scenario
    self.seed = seed
    self.strikes = strikes
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
    let lives = Lives()
    let driver = CycleDriver(
      scenario: scenario, seed: root.child("runs"), strikes: strikes, cycle: cycle, world: world,
      store: store, ports: family(world, store), lives: lives)
    var trouble: [String] = []
    do throws(SimulationFault) {
      let budget = SimulationBudget(steps: Self.steps, until: WorldPlan.birth + extent + Self.patience)
      trouble += try loop.run(in: world, budget: budget) { await driver.drive() }
    } catch {
      trouble.append(error.description)
    }
    let left = loop.shutdown()
    if left > 0 { trouble.append("\(left) task(s) still sleep after the end") }
    var report = ScenarioJudge(scenario: scenario, seed: seed, world: world, store: store).report(trouble)
    report.lives = lives.all.map { who in
      ScenarioReport.Life(boundaries: loop.boundaries(of: who), struckAt: loop.struck(who))
    }
    return report
  }

  private var extent: TimeSpan {
    switch scenario.extent {
    case .cycles(let count): scenario.every * Int64(count)
    case .duration(let span): span
    }
  }
}

/// What happens to one life of the process under test.
public struct LifeStrike: Sendable, Hashable {
  public var plan: CrashPlan
  /// The journal's last record goes with it, although the disk had acknowledged it.
  public var losesLastRecord: Bool

  public init(_ plan: CrashPlan, losesLastRecord: Bool = false) {
    self.plan = plan
    self.losesLastRecord = losesLastRecord
  }
}
