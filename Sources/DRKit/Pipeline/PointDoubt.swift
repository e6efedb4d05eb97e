/// Whether a sealed point still stands. The secondary's only copy is overwritten in place, so that it is whole only until the next
/// run carries its first byte, or finds the session running: also when that run failed long ago, and those since have begun nothing.
public enum PointDoubt {
  /// A later run that carried bytes over the point, or may have.
  /// - Parameters:
  ///   - own: a run that speaks for itself, if any.
  ///   - journal: of all runs; what is pruned there is judged by its record.
  public static func overwriter(
    of point: RecoveryPoint, in catalogue: any Catalogue, _ journal: any Journal, besides own: RunID? = nil
  ) async throws(DRError) -> RunRecord? {
    for run in try await catalogue.runs(point.key, limit: 10_000) {
      if run.id == point.run { return nil }
      if run.id == own { continue }
      if run.outcome == .running || run.phases.contains(where: { $0.phase == .replicate }) { return run }
      if try await carried(run.id, journal) { return run }
    }
    return nil
  }

  /// Whether the run set a checkpoint, or found the session running.
  static func carried(_ run: RunID, _ journal: any Journal) async throws(DRError) -> Bool {
    for pass in [Phase.converge.rawValue, ReplicatePhase.pass] {
      if try await journal.value(for: StepKey(run: run, step: "\(pass).checkpoint")) != nil { return true }
    }
    return try await foundRunning(run, journal)
  }

  static func foundRunning(_ run: RunID, _ journal: any Journal) async throws(DRError) -> Bool {
    guard let bytes = try await journal.value(for: StepKey(run: run, step: "preflight.findings")) else {
      return false
    }
    let found = try JournalCoding.decode([PreflightFinding].self, from: bytes, for: "preflight.findings")
    return found.contains { $0.check == "session" && $0.grade == .warning }
  }
}
