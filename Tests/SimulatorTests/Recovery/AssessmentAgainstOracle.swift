import DRKit
import Synchronization
import Testing

@testable import Simulator

/// What `secondary assess` says, held against what is true: by the oracle's copy of every image at the instant of its freeze,
/// while workers go on delivering after the process under test has died.
@Suite("Recovery: an assessment is never better than the truth")
struct AssessmentAgainstOracle {
  struct Said {
    var whole = 0
    var halfSynced = 0
    var lies: [String] = []
  }

  final class Collector: Sendable {
    private let said = Mutex(Said())
    var all: Said { said.withLock { $0 } }

    /// A look with everything gone but the secondary; then, at the same instant, the truth.
    func look(_ ports: SyncPorts) async throws(DRError) {
      guard let world = (ports.secondary as? SimSecondaryVolume)?.caller.world else { return }
      let assessment: SecondaryAssessment
      do throws(DRError) {
        assessment = try await SecondaryInspection(volume: ports.secondary).assess()
      } catch {
        // An empty secondary holds no domain to judge.
        guard error.kind == .missing || error.kind == .transient else { throw error }
        return
      }
      for domain in assessment.domains {
        for image in domain.images { judge(image, domain, world) }
      }
    }

    private func judge(_ image: ImageAssessment, _ domain: DomainAssessment, _ world: SimulatedWorld) {
      said.withLock { said in
        if image.verdict == .halfSynced { said.halfSynced += 1 }
        guard let claim = image.claim(in: domain) else { return }
        said.whole += 1
        said.lies += world.oracle.complaints(
          about: claim, domain: domain.id, secondary: world.session.secondary
        ).map { "\(world.loop.now.clockText): \($0)" }
      }
    }
  }

  private static func scenario(_ faults: [WorldFault] = []) -> Scenario {
    var plan = WorldPlan()
    plan.primary.subvolumes = 2
    plan.session.shard = .milliseconds(300)
    plan.machines = [WorldPlan.Machines(count: 3, disk: 2 << 30, rate: 512 << 10, block: 64 << 10, skew: 0.9)]
    plan.faults = faults
    return Scenario(
      name: "primary-lost", extent: .cycles(2), plan: plan, every: .minutes(30),
      expectations: [.lawsKept, .leftOverSnapshots(0)])
  }

  /// Looks when a life begins, which may be long after the last one died, and when its cycle is over.
  private static func run(
    _ scenario: Scenario, seed: UInt64, strikes: [LifeStrike?] = []
  ) -> (said: Said, report: ScenarioReport) {
    let collector = Collector()
    let runner = ScenarioRunner(scenario, seed: seed, strikes: strikes) {
      (ports, target, policy, fresh) async throws(DRError) in
      try await collector.look(ports)
      try await ScenarioRunner.syncRun(ports, target, policy, fresh)
      try await collector.look(ports)
    }
    let report = runner.run()
    return (collector.all, report)
  }

  @Test("after every sealed cycle all of the point is whole, and so it is")
  func plain() {
    let (said, report) = Self.run(Self.scenario(), seed: 1)
    #expect(report.verdict == .kept, "\(report.reasons)")
    #expect(said.lies == [])
    // After the first, before and after the second.
    #expect(said.whole == 9)
    #expect(said.halfSynced == 0)
  }

  @Test("when the second cycle dies at any of many boundaries")
  func crashes() {
    var whole = 0
    var halfSynced = 0
    for part in 0..<24 {
      let crash = CrashPlan(boundary: UInt64(20 + part * 41), inFlight: part % 2 == 0 ? .lost : .lands)
      let (said, report) = Self.run(Self.scenario(), seed: 3, strikes: [nil, LifeStrike(crash)])
      #expect(report.verdict == .kept, "boundary \(crash.boundary): \(report.reasons)")
      #expect(said.lies == [], "boundary \(crash.boundary)")
      whole += said.whole - 9
      halfSynced += said.halfSynced
    }
    #expect(whole > 0 && halfSynced > 0, "\(whole) whole, \(halfSynced) half-synced")
  }

  static let faults: [[WorldFault]] = [
    [WorldFault(.changelogLosesShard, at: .minutes(20), for: .minutes(11), machine: 1)],
    [WorldFault(.linkDown, at: .minutes(31) + .seconds(40), for: .minutes(10))],
    [WorldFault(.rsyncCopiesNothing, at: .minutes(30), for: .minutes(20))],
    [WorldFault(.executorCrash, at: .minutes(31) + .seconds(45), for: .minutes(20))],
    [WorldFault(.snapshotForeign, at: .minutes(20), for: .minutes(15), during: .quiesce, machine: 2)],
    [WorldFault(.snapshotRemovedByOther, at: .minutes(20), for: .minutes(9), during: .replicate, machine: 2)],
  ]

  @Test("under faults that keep a point from being sealed, or late", arguments: faults.indices)
  func faulty(_ index: Int) {
    for seed in UInt64(1)...3 {
      let (said, report) = Self.run(Self.scenario(Self.faults[index]), seed: seed)
      #expect(report.violations == [], "seed \(seed)")
      #expect(said.lies == [], "seed \(seed)")
      #expect(said.whole >= 6, "seed \(seed)")
    }
  }
}
