import DRKit

/// Runs the pipeline under random faults, seed by seed, and judges each.
public struct Campaign: Sendable {
  /// What came of a seed, from best to worst.
  public enum Verdict: String, Sendable, Hashable, Codable, CaseIterable {
    /// Every run sealed its point.
    case sealed
    /// Some run failed with an alert, and later ones sealed.
    case recovered
    /// The destination was found diverged; a repair proved all of it, and later runs sealed.
    case repaired
    /// Calm again, it still does not seal, or something is left over.
    case stuck
    /// A law was broken, or something did not end.
    case broken
  }

  public struct FaultTold: Sendable, Hashable, Codable {
    public var fault: String
    public var drawn: Int
    /// Whether this kind was felt.
    public var isFelt: Bool
  }

  public struct Outcome: Sendable, Hashable, Codable {
    public var seed: UInt64
    public var verdict: Verdict
    /// Why it is stuck or broken; empty otherwise.
    public var reasons: [String]
    public var sealed: Int
    public var failed: Int
    /// Runs whose event did not reach the engine: their records alone tell.
    public var silent: Int
    public var lives: Int
    /// Lives that were struck at a boundary, or killed by a fault.
    public var struck: Int
    /// What failed in each run that did.
    public var failures: [String]
    public var faults: [FaultTold]
    public var assessments: Int
    public var trace: String

    public var isGood: Bool { verdict != .stuck && verdict != .broken }
  }

  /// Nil: each seed draws a world of its own.
  public var base: Scenario?
  public var cycle: ScenarioRunner.Cycle
  public var family: ScenarioRunner.Family

  public init(
    _ base: Scenario? = nil, cycle: @escaping ScenarioRunner.Cycle = ScenarioRunner.syncRun,
    family: @escaping ScenarioRunner.Family = { DirectPorts(world: $0, store: $1) }
  ) {
    self.base = base
    self.cycle = cycle
    self.family = family
  }

  public func run(_ seed: UInt64) -> Outcome { outcome(of: report(seed)) }

  /// The same run, with its timeline.
  public func report(_ seed: UInt64) -> (report: ScenarioReport, draw: CampaignDraw, assessments: Int) {
    let draw = CampaignDraw(seed: seed, base: base)
    let check = TruthCheck()
    let cycle = cycle
    let runner = ScenarioRunner(
      draw.scenario, seed: seed, strikes: draw.strikes,
      cycle: { (ports, target, policy, fresh) async throws(DRError) in
        try await check.look(ports)
        try await cycle(ports, target, policy, fresh)
        try await check.look(ports)
      }, family: family)
    return (runner.run(), draw, check.count)
  }

  public func outcome(of told: (report: ScenarioReport, draw: CampaignDraw, assessments: Int)) -> Outcome {
    let (report, draw, assessments) = told
    // That a drawn fault falls into an outage of another one shows nothing, and breaks nothing.
    var reasons = report.reasons.filter { !report.unfelt.contains($0) }
    var verdict = Verdict.broken
    if reasons.isEmpty {
      reasons = Self.remainders(report)
      let isHealed = report.timeline.contains { $0.text == "the destination is no longer diverged" }
      verdict = !reasons.isEmpty ? .stuck : isHealed ? .repaired : report.failed > 0 ? .recovered : .sealed
    }
    let failed = report.runs.filter { $0.outcome == .failed }
    return Outcome(
      seed: report.seed, verdict: verdict, reasons: reasons, sealed: report.sealed, failed: report.failed,
      silent: report.runs.count { !$0.hasReported },
      lives: report.lives.count,
      struck: report.lives.count { $0.struckAt != nil } + report.bites(of: .executorCrash),
      failures: failed.compactMap(\.failure).map(Self.operation),
      faults: WorldFault.Kind.allCases.compactMap { kind in
        let drawn = draw.scenario.plan.faults.count { $0.kind == kind }
        return drawn == 0
          ? nil : FaultTold(fault: kind.rawValue, drawn: drawn, isFelt: report.bites(of: kind) > 0)
      }, assessments: assessments, trace: report.trace)
  }

  /// What must be right again once it is calm.
  private static func remainders(_ report: ScenarioReport) -> [String] {
    var reasons: [String] = []
    if let last = report.runs.last, last.outcome != .sealed {
      reasons.append("calm again, the last run did not seal: \(last.failure ?? "no reason")")
    }
    if report.runs.isEmpty { reasons.append("nothing ever ran") }
    if report.leftOverSnapshots > 0 {
      reasons.append("\(report.leftOverSnapshots) snapshot(s) are left over")
    }
    if report.isDiverged { reasons.append("the destination is still diverged after its repair") }
    return reasons
  }

  /// The verb phrase before a failure's subject and reason.
  private static func operation(_ failure: String) -> String {
    String(failure.prefix { $0 != ":" && $0 != "(" }).trimmed
  }
}

extension String {
  fileprivate var trimmed: String { last == " " ? String(dropLast()) : self }
}

extension ScenarioReport {
  /// How often faults of a kind were felt.
  func bites(of kind: WorldFault.Kind) -> Int {
    faults.first { $0.fault == kind.rawValue }?.bites ?? 0
  }
}
