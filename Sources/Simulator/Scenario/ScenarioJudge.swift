import DRKit

/// Holds what happened against what was expected.
struct ScenarioJudge {
  let scenario: Scenario
  let seed: UInt64
  let world: SimulatedWorld
  let store: SimStore

  func report(_ trouble: [String]) -> ScenarioReport {
    let statistics = world.loop.statistics
    var report = ScenarioReport(
      scenario: scenario.name, about: scenario.about, seed: seed, verdict: .kept, reasons: trouble,
      began: WorldPlan.birth, ended: world.loop.now,
      runs: store.runs.map { run in
        ScenarioReport.Run(
          id: run.id, began: run.began, ended: run.ended, outcome: run.outcome,
          failure: run.failure.map(\.description), leftOver: run.leftOver, phases: run.phases)
      },
      violations: world.oracle.violations, faults: counts, exposure: world.oracle.exposure,
      longestExposure: world.oracle.exposure.longest(to: world.loop.now),
      longestGap: world.oracle.exposure.longestGap(to: world.loop.now), leftOverSnapshots: standing,
      guestWrites: world.writes, bytesDelivered: world.session.link.delivered,
      worldEvents: statistics.worldEvents, wakeUps: statistics.wakeUps, trace: world.loop.trace.description,
      timeline: world.timeline.entries)
    report.isDiverged = !store.divergences.isEmpty
    for run in report.runs where run.outcome == .running {
      report.reasons.append("run \(run.id) never ended")
    }
    report.unfelt = faultsThatNeverBit
    report.reasons += report.unfelt
    for run in report.runs where run.outcome == .sealed && !world.oracle.trueRuns.contains(run.id) {
      report.reasons.append("run \(run.id) says that it sealed a point, and there is no true one")
    }
    if !scenario.expectations.contains(.lawsKept) { report.reasons += report.violations.map(\.description) }
    for expectation in scenario.expectations { report.reasons += disappointments(expectation, report) }
    report.verdict = report.reasons.isEmpty ? .kept : .violated
    return report
  }

  private var kinds: [WorldFault.Kind] {
    WorldFault.Kind.allCases.filter { kind in scenario.plan.faults.contains { $0.kind == kind } }
  }

  private var counts: [ScenarioReport.FaultCount] {
    kinds.map { ScenarioReport.FaultCount(fault: $0.rawValue, bites: world.bites(of: $0)) }
  }

  /// A fault that is certain must have been felt; one with a chance only if it is expected to.
  private var faultsThatNeverBit: [String] {
    kinds.filter { kind in
      let certain = scenario.plan.faults.indices.filter {
        scenario.plan.faults[$0].kind == kind && scenario.plan.faults[$0].chance == .always
      }
      return certain.contains { world.bites(ofFault: $0) == 0 }
    }
    .map { "the fault \($0.rawValue) was never felt: the scenario shows nothing" }
  }

  /// Our snapshots that still stand.
  private var standing: Int {
    world.engine.allMachines.reduce(0) { sum, machine in
      sum + machine.snapshots.count { $0.kind == .regular && $0.description.hasPrefix("drkit run ") }
    }
  }

  private func disappointments(_ expectation: Expectation, _ report: ScenarioReport) -> [String] {
    switch expectation {
    case .lawsKept: return report.violations.map(\.description)
    case .sealed(let count):
      return report.sealed == count ? [] : ["\(report.sealed) run(s) sealed a point, expected \(count)"]
    case .failed(let count):
      return report.failed == count ? [] : ["\(report.failed) run(s) failed, expected \(count)"]
    case .exposure(let limit):
      guard let longest = report.longestExposure else { return ["nothing was ever sealed"] }
      return longest <= limit ? [] : ["the exposure reached \(longest.text), expected at most \(limit.text)"]
    case .withoutPoint(let limit):
      let gap = report.longestGap
      return gap <= limit
        ? [] : ["there was no usable point for \(gap.text), expected at most \(limit.text)"]
    case .leftOverSnapshots(let count):
      return report.leftOverSnapshots == count
        ? [] : ["\(report.leftOverSnapshots) snapshot(s) are left over, expected \(count)"]
    case .diverged(let wanted):
      return store.divergences.isEmpty != wanted
        ? [] : [wanted ? "the destination is not marked as diverged" : "the destination is still diverged"]
    case .graded(let grade, let count):
      let verdicts = store.points.flatMap { $0.machines ?? [] }.filter { $0.grade == grade }
      guard verdicts.count != count else { return [] }
      let found = verdicts.map { "; \($0)" }.joined()
      return ["\(verdicts.count) verdict(s) are \(grade.rawValue), expected \(count)\(found)"]
    case .happened(let wanted):
      return wanted.filter { world.bites(of: $0) == 0 }.map { "\($0.rawValue) did not happen" }
    }
  }
}
