import DRKit
import Testing

@testable import Simulator

@Suite("Killed everywhere")
struct CrashSweepTests {
  static func scenario() throws -> Scenario { try ScenarioFile.read("crash-table.yaml") }

  /// Every boundary is `drctl simulate --crash-everywhere`, in CI; here a few of each way.
  @Test("no law is broken, whatever the way", arguments: CrashSweep.Way.allCases)
  func kept(way: CrashSweep.Way) throws {
    let sweep = CrashSweep(try Self.scenario(), seed: 3)
    let cases = CrashSweep.cases(sweep.boundaries(), ways: [way], stride: 53)
    #expect(cases.count > 10)
    for tried in cases {
      let outcome = sweep.run(tried)
      #expect(outcome.verdict != .broken, "\(tried): \(outcome.reasons)")
      #expect(outcome.struckAt != nil, "\(tried) never struck")
    }
  }

  static let others: [WorldFault] = [
    WorldFault(.snapshotForeign, at: .zero, for: .minutes(15), during: .quiesce, machine: 2),
    WorldFault(.snapshotForeign, at: .zero, for: .minutes(15), during: .seal, machine: 2),
    WorldFault(.snapshotRemovedByOther, at: .zero, for: .minutes(9), during: .replicate, machine: 1),
    WorldFault(.diskAttached, at: .zero, for: .zero, during: .replicate, machine: 2),
    WorldFault(.guestStops, at: .zero, for: .minutes(5), during: .replicate, machine: 1),
  ]

  /// Where the verdicts are made, and between there and where they are kept.
  @Test("no law is broken with somebody else at work, nor is a verdict forgotten", arguments: others.indices)
  func disturbed(index: Int) throws {
    var scenario = try Self.scenario()
    scenario.plan.faults = [Self.others[index]]
    let sweep = CrashSweep(scenario, seed: 5)
    let boundaries = sweep.boundaries()
    let late = CrashSweep.cases(boundaries, stride: 41).filter { $0.boundary > boundaries[0] / 2 }
    #expect(late.count > 20)
    for tried in late {
      let outcome = sweep.run(tried)
      #expect(outcome.verdict != .broken, "\(tried): \(outcome.reasons)")
    }
  }

  @Test("killed again in the resumption, the third life ends it")
  func again() throws {
    let sweep = CrashSweep(try Self.scenario(), seed: 4)
    let middle = sweep.boundaries()[0] / 2
    let first = sweep.run(CrashSweep.Case(way: .killed, life: 0, boundary: middle))
    let resumption = try #require(first.resumption)
    // It goes on from the journal, so it does most of what the first had left, and looks at the rest.
    #expect(resumption.boundary > middle / 2)
    let cases = CrashSweep.again(first, stride: 97)
    #expect(cases.count > 3)
    for tried in cases {
      let outcome = sweep.run(tried)
      #expect(outcome.verdict != .broken, "\(tried): \(outcome.reasons)")
    }
  }

  /// Found by campaign seeds 2199 and 9359: the record of when a machine's snapshot was asked for was lost, and decided again.
  @Test("a point is never younger than its images, whichever record the disk loses while machines are frozen")
  func youngerThanItsImages() throws {
    let sweep = CrashSweep(try ScenarioFile.read("crash-one-machine.yaml"), seed: 1)
    let all = CrashSweep.cases(sweep.boundaries(), ways: [.recordLost])
    // Quiesce lies in the middle third.
    for tried in all[(all.count / 3)..<(all.count / 2)] {
      let outcome = sweep.run(tried)
      #expect(outcome.verdict != .broken, "\(tried): \(outcome.reasons)")
    }
  }

  @Test("a step that is journalled before it is done is found, and only by a death in between")
  func journalledTooEarly() throws {
    let early = BentJournal.ports(.tooEarly)
    let sweep = CrashSweep(try Self.scenario(), seed: 1, family: early)
    #expect(ScenarioRunner(sweep.scenario, seed: 1, family: early).run().verdict == .kept)
    let broken = Self.broken(sweep)
    #expect(broken.contains { $0.reasons.contains { $0.contains("law 4") } }, "\(broken)")
  }

  @Test("a deadline that a resumption extends is found")
  func extended() throws {
    let sweep = CrashSweep(try Self.scenario(), seed: 1, family: BentJournal.ports(.forgetsDeadlines))
    let broken = Self.broken(sweep)
    #expect(broken.contains { $0.reasons.contains { $0.contains("law 7") } }, "\(broken)")
  }

  private static func broken(_ sweep: CrashSweep) -> [CrashSweep.Outcome] {
    CrashSweep.cases(sweep.boundaries(), ways: [.killed], stride: 3).map(sweep.run).filter {
      $0.verdict == .broken
    }
  }
}

/// With a defect of the kind that only a death brings to light.
private struct BentJournal: Journal {
  enum Bend: Sendable {
    /// The removal of overlays is journalled when it is begun.
    case tooEarly
    case forgetsDeadlines
  }

  let base: any Journal
  let bend: Bend

  static func ports(_ bend: Bend) -> ScenarioRunner.Family {
    AlteredPorts.direct { $0.journal = BentJournal(base: $0.journal, bend: bend) }
  }

  func value(for key: StepKey) async throws(DRError) -> [UInt8]? {
    if bend == .forgetsDeadlines && key.step.hasSuffix(".deadline") { return nil }
    let known = try await base.value(for: key)
    if bend == .tooEarly && key.step == "seal.repaired" && known == nil {
      try await base.record(Array("true".utf8), for: key)
    }
    return known
  }

  func record(_ value: [UInt8], for key: StepKey) async throws(DRError) {
    if bend == .forgetsDeadlines && key.step.hasSuffix(".deadline") { return }
    try await base.record(value, for: key)
  }
}
