import DRKit

/// Strikes the process under test at every boundary of a scenario, in every way, and holds each outcome against the laws.
///
/// A plain list of cases and a judge of each: whoever runs them decides on how many threads.
public struct CrashSweep: Sendable {
  /// The ways to strike a life.
  public enum Way: String, Sendable, Hashable, Codable, CaseIterable {
    /// Killed; what it had sent never arrives.
    case killed
    /// Killed; what it had sent arrives all the same.
    case requestLands = "request-lands"
    /// Killed, and the journal's last record is lost with it: torn, or acknowledged by a disk that had not written it.
    case recordLost = "record-lost"
    /// It stands still until its lease has run out and another one has taken over, then goes on.
    case frozen

    public var summary: String {
      switch self {
      case .killed: "killed; requests on their way are lost"
      case .requestLands: "killed; requests on their way take effect"
      case .recordLost: "killed; the journal's last record is lost or torn"
      case .frozen: "stands still, is taken over, goes on: two alive"
      }
    }
  }

  /// One run of the scenario with one strike, or with a second one in the resumption.
  public struct Case: Sendable, Hashable, Codable {
    public var way: Way
    /// Which life is struck, from 0; the lives before it are spared.
    public var life: Int
    /// Counted from 1.
    public var boundary: UInt64
    /// The life that goes on where the struck one was, killed, too.
    public var again: Second?
  }

  /// A death in the resumption.
  public struct Second: Sendable, Hashable, Codable {
    public var life: Int
    public var boundary: UInt64
  }

  public enum Verdict: String, Sendable, Hashable, Codable {
    /// Every run sealed its point.
    case sealed
    /// Some run failed cleanly: its snapshots are merged, its alert is posted.
    case failed
    /// A law was broken, or something did not end.
    case broken
  }

  public struct Outcome: Sendable, Hashable, Codable {
    public var tried: Case
    public var verdict: Verdict
    /// What the struck life was about to do; nil when it ended before the boundary.
    public var struckAt: BoundaryKind?
    public var reasons: [String]
    /// The last boundary of the life that went on where the struck one was; nil if none did. Not simply the next one: others
    /// come and go while the dead one's lease runs.
    public var resumption: Second?
  }

  public let scenario: Scenario
  public let seed: UInt64
  private let cycle: ScenarioRunner.Cycle
  private let family: ScenarioRunner.Family

  public init(
    _ scenario: Scenario, seed: UInt64, cycle: @escaping ScenarioRunner.Cycle = ScenarioRunner.syncRun,
    family: @escaping ScenarioRunner.Family = { DirectPorts(world: $0, store: $1) }
  ) {
    var scenario = scenario
    // Counts of points and stretches of time are those of a run that nobody strikes; the laws are not.
    scenario.expectations = [.lawsKept, .leftOverSnapshots(0)]
    self.scenario = scenario
    self.seed = seed
    self.cycle = cycle
    self.family = family
  }

  /// Boundaries of each life when nobody strikes.
  public func boundaries() -> [UInt64] {
    ScenarioRunner(scenario, seed: seed, cycle: cycle, family: family).run().lives.map(\.boundaries)
  }

  /// Every `stride`-th boundary of every life, in every way.
  public static func cases(_ boundaries: [UInt64], ways: [Way] = Way.allCases, stride: UInt64 = 1) -> [Case] {
    boundaries.enumerated().flatMap { life, count in
      ways.flatMap { way in
        Swift.stride(from: 1, through: count, by: UInt64.Stride(max(1, stride))).map {
          Case(way: way, life: life, boundary: $0)
        }
      }
    }
  }

  /// The case again, with a second death at every `stride`-th boundary of the resumption.
  public static func again(_ outcome: Outcome, stride: UInt64 = 1) -> [Case] {
    guard outcome.tried.way != .frozen, let resumption = outcome.resumption else { return [] }
    return Swift.stride(from: 1, through: resumption.boundary, by: UInt64.Stride(max(1, stride))).map {
      var next = outcome.tried
      next.again = Second(life: resumption.life, boundary: $0)
      return next
    }
  }

  public func run(_ tried: Case) -> Outcome {
    let report = ScenarioRunner(scenario, seed: seed, strikes: strikes(tried), cycle: cycle, family: family)
      .run()
    // A fault of the scenario may fall into an outage: that shows nothing, and breaks nothing.
    let reasons = report.reasons.filter { !report.unfelt.contains($0) }
    let life = tried.life < report.lives.count ? report.lives[tried.life] : nil
    let isBroken = !reasons.isEmpty || report.runs.contains { $0.outcome == .running }
    let verdict: Verdict = isBroken ? .broken : report.failed > 0 ? .failed : .sealed
    let later = report.lives.indices.filter { $0 > tried.life }
    let resumed = later.max { report.lives[$0].boundaries < report.lives[$1].boundaries }
    return Outcome(
      tried: tried, verdict: verdict, struckAt: life?.struckAt, reasons: reasons,
      resumption: resumed.map { Second(life: $0, boundary: report.lives[$0].boundaries) })
  }

  private func strikes(_ tried: Case) -> [LifeStrike?] {
    let spared: [LifeStrike?] = Array(repeating: nil, count: tried.life)
    let first = tried.way.strike(at: tried.boundary, lease: scenario.policy.leaseLength)
    guard let again = tried.again else { return spared + [first] }
    let between: [LifeStrike?] = Array(repeating: nil, count: max(0, again.life - tried.life - 1))
    return spared + [first] + between + [Way.requestLands.strike(at: again.boundary)]
  }
}

extension CrashSweep.Way {
  /// - Parameter lease: a frozen life stands still for ten times as long, so that whoever takes over is well on its way.
  public func strike(at boundary: UInt64, lease: TimeSpan = SyncPolicy().leaseLength) -> LifeStrike {
    switch self {
    case .killed: LifeStrike(CrashPlan(boundary: boundary, inFlight: .lost))
    case .requestLands: LifeStrike(CrashPlan(boundary: boundary, inFlight: .lands))
    case .recordLost: LifeStrike(CrashPlan(boundary: boundary, inFlight: .lands), losesLastRecord: true)
    case .frozen: LifeStrike(CrashPlan(boundary: boundary, inFlight: .lands, freeze: lease * 10))
    }
  }
}
