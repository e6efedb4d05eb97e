import DRKit
import Testing

@testable import Simulator

/// What a run tells the engine is held against the truth: each lie must be found, and no truth taken for one.
@Suite("Oracle: planted lies in alerts are found")
struct AlertPlantedWrongs {
  private let sealed = OraclePlantedWrongs.Sealed()

  private func record(_ outcome: RunOutcome, report: String = "alert event posted", left: [String] = [])
    -> RunRecord
  {
    let now = sealed.world.loop.now
    var draws = Randomness(Seed(77))
    return RunRecord(
      id: draws.identifier(), key: sealed.point.key, began: now, ended: now, outcome: outcome, leftOver: left,
      phases: [PhaseRecord(phase: .report, began: now, ended: now, note: report)])
  }

  /// How many violations come of an event of these words.
  private func lies(
    _ run: RunRecord, _ text: String?, _ severity: Severity = .alert, points: [RecoveryPoint]? = nil,
    isDiverged: Bool = false
  ) throws -> Int {
    let world = sealed.world
    if let text {
      _ = try world.engine.post(
        ExternalEventRequest(
          origin: "drkit", severity: severity, customID: Derived.eventID(run: run.id, event: "outcome"),
          description: text), now: world.loop.now)
    }
    world.judgeAlert(of: run, points: points ?? [sealed.point], isDiverged: isDiverged, at: world.loop.now)
    #expect(world.oracle.violations.allSatisfy { $0.law == .everyAnswerIsTrue })
    return world.oracle.violations.count
  }

  private var standing: String { "sync FAILED; the last sealed point is of run \(sealed.point.run)" }

  private func damage() {
    sealed.world.session.secondary.receive(ContentID(999_999), shard: 3, like: sealed.model)
  }

  @Test("a point that is whole may be called so; one that is not, only with a word against it")
  func whole() throws {
    #expect(try lies(record(.failed), standing) == 0)
  }

  @Test("an overwritten point that is called the last one without a word")
  func overwritten() throws {
    damage()
    #expect(try lies(record(.failed), standing) == 1)
  }

  @Test("the same with the word is the truth")
  func doubted() throws {
    damage()
    #expect(try lies(record(.failed), standing + ", but this run has overwritten it in part") == 0)
  }

  @Test("no event although the run reports one; none is owed where the report failed")
  func silent() throws {
    #expect(try lies(record(.failed, report: "failed: no route to host"), nil) == 0)
    #expect(try lies(record(.failed), nil) == 1)
  }

  @Test("a failure that is no alert")
  func mild() throws { #expect(try lies(record(.failed), standing, .normal) == 1) }

  @Test("no point, where one is in the catalogue; a point, where none is")
  func points() throws {
    #expect(try lies(record(.failed), "FAILED; there is no sealed point") == 1)
    let other = AlertPlantedWrongs()
    #expect(try other.lies(other.record(.failed), other.standing, points: []) == 1)
  }

  @Test("all is well, although something stands or the destination is diverged")
  func wellIsNot() throws {
    let run = record(.sealed, left: ["vm1: snapshot"])
    #expect(try lies(run, "sealed; still standing: vm1: snapshot", .normal) == 1)
    let other = AlertPlantedWrongs()
    #expect(try other.lies(other.record(.sealed), "sealed", .normal, isDiverged: true) == 1)
  }

  @Test("what still stands is not named")
  func unnamed() throws {
    #expect(try lies(record(.failed, left: ["vm1: snapshot"]), standing) == 1)
  }
}
