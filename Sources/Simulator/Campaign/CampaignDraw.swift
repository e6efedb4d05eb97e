import DRKit

/// What one seed of a campaign is: a small world, what goes wrong in it, and where the process under test is struck. All of it is
/// a function of the seed.
public struct CampaignDraw: Sendable {
  /// The length of its cycles and of the stretch in which things go wrong: those left afterwards must put everything right.
  public struct Frame: Sendable {
    /// Cycles in all. Of the three calm ones the first may still find what is wrong, the second repairs the destination if that is
    /// diverged, and the last must seal.
    public static let cycles = 7
    /// Cycles in which faults may begin, and lives be struck.
    static let troubled = 3

    let every: TimeSpan

    /// Every fault is over by then: before the three last cycles.
    var calm: TimeSpan { every * Int64(Self.cycles - 3) }
  }

  public var scenario: Scenario
  public var strikes: [LifeStrike?]

  /// - Parameter base: a scenario whose world, policy and pace are taken instead of drawn ones; its faults are not.
  public init(seed: UInt64, base: Scenario? = nil) {
    let root = Seed(seed).child("campaign")
    let frame = Frame(every: base?.every ?? .minutes(30))
    let shape = WorldDraw(Draws(root.child("world")))
    let draws = Draws(root.child("faults"))
    var plan = base?.plan ?? shape.plan
    let machines = plan.machines.reduce(0) { $0 + $1.count }
    plan.faults =
      FaultDraw(draws: draws, frame: frame, machines: machines, replica: plan.primary.replica).faults
      + MidRunDraw(draws: Draws(root.child("mid-run")), frame: frame, machines: machines).faults
    scenario = Scenario(
      name: base?.name ?? "campaign", about: base?.about ?? "", extent: .cycles(Frame.cycles), plan: plan,
      every: frame.every, policy: base?.policy ?? shape.policy, expectations: [.lawsKept])
    scenario.repairCycle = Frame.cycles - 1
    strikes = Self.strikes(Draws(root.child("strikes")), lease: scenario.policy.leaseLength)
  }

  /// Each of the first lives may be struck, at a boundary that its cycle may or may not reach: it has about a thousand.
  private static func strikes(_ draws: Draws, lease: TimeSpan) -> [LifeStrike?] {
    guard draws.happens("any", percent: 60) else { return [] }
    return (0..<Frame.troubled).map { life in
      guard draws.happens("life", life, percent: 50) else { return nil }
      let way = draws.choice("way", life, of: CrashSweep.Way.allCases)
      let boundary = draws.happens("late", life, percent: 50) ? 4_000 : 900
      return way.strike(at: UInt64(draws.number("boundary", life, in: 1...Int64(boundary))), lease: lease)
    }
  }
}

/// A small world: up to three kinds of machines, up to three subvolumes, a line that can carry what they write.
struct WorldDraw: Sendable {
  let draws: Draws

  init(_ draws: Draws) { self.draws = draws }

  var plan: WorldPlan {
    var plan = WorldPlan()
    plan.primary.subvolumes = draws.choice("subvolumes", of: [1, 1, 2, 3])
    plan.primary.replica = draws.choice("replica", of: [1, 3])
    plan.primary.shard = draws.choice("shard", of: [16 << 20, 64 << 20, 64 << 20, 256 << 20])
    plan.secondary.shard = plan.primary.shard
    plan.primary.size = 1 << 40
    plan.secondary.size = 1 << 40
    plan.isSynced = draws.happens("synced", percent: 80)
    plan.engine.snapshot =
      draws.choice("snapshot", of: [.seconds(1)...(.seconds(3)), .seconds(3)...(.seconds(12))])
    plan.engine.merge = draws.choice("merge", of: [20 << 20, 100 << 20, 400 << 20])
    plan.engine.ovfStore = draws.choice("ovf", of: [.minutes(7), .minutes(60)])
    plan.session.jobs = draws.count("jobs", in: 1...4)
    plan.session.shard = draws.choice(
      "shard cost", of: [.milliseconds(20), .milliseconds(100), .milliseconds(300)])
    plan.session.settling =
      draws.choice("settle", of: [.milliseconds(500)...(.seconds(1)), .seconds(5)...(.seconds(6))])
    plan.bandwidth = draws.choice("bandwidth", of: [6_250_000, 25_000_000, 125_000_000])
    plan.latency = .milliseconds(draws.number("latency", in: 1...80))
    plan.machines = (0..<draws.count("groups", in: 1...3)).map(machines)
    return plan
  }

  private func machines(_ group: Int) -> WorldPlan.Machines {
    let rate = draws.choice("rate", group, of: [0, 1 << 10, 32 << 10, 128 << 10, 256 << 10])
    return WorldPlan.Machines(
      count: draws.count("machines", group, in: 1...2),
      disk: draws.number("disk", group, in: 4...64) << 26,
      format: draws.happens("cow", group, percent: 30) ? .cow : .raw, rate: Int64(rate),
      block: draws.choice("block", group, of: [64 << 10, 256 << 10]),
      skew: draws.choice("skew", group, of: [0, 0.9, 1.2]))
  }

  var policy: SyncPolicy {
    var policy = SyncPolicy()
    policy.onSnapshotFailure = draws.choice("on failure", of: SnapshotFailurePolicy.allCases)
    policy.concurrency = draws.count("concurrency", in: 1...6)
    policy.replicateLimit = draws.choice("limit", of: [.minutes(50), .minutes(90)])
    policy.convergeLimit = .hours(4)
    policy.mergeLimit = draws.choice("merge limit", of: [.minutes(20), .hours(2)])
    policy.mergeAttempts = draws.count("attempts", in: 1...3)
    policy.startLead = draws.choice("lead", of: [.zero, .seconds(5), .seconds(20)])
    policy.leaseLength = draws.choice("lease", of: [.seconds(30), .seconds(60)])
    return policy
  }
}
