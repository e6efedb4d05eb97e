/// The engine's log, as far as a run needs it. A log that can't be read takes nothing from a run: it is noted, and what began
/// and ended between two looks at the machines stays unseen, as before there was a log.
struct EventLog: Sendable {
  let context: RunContext

  /// Where the log ends now; nil when the engine does not say.
  /// - Throws: only what ends the incarnation.
  func position() async throws(DRError) -> Int64? {
    try await attempt(.quiesce) { () async throws(DRError) in try await context.ports.engine.newestEvent() }
  }

  /// What befell machines since then and is not this run's own doing; none when the log can't be read.
  /// - Throws: only what ends the incarnation.
  func events(since position: Int64?) async throws(DRError) -> [MachineEvent] {
    guard let position else { return [] }
    let run = context.run.description
    let events = try await attempt(.seal) { () async throws(DRError) in
      try await context.ports.engine.machineEvents(after: position)
    }
    // Snapshots of drkit's other runs are merged by drkit, too; whether the bases stood still is judged by their looks.
    return (events ?? []).filter { $0.correlationID != run && !SnapshotName.isNamed(in: $0.text) }
  }

  private func attempt<T>(
    _ phase: Phase, _ body: () async throws(DRError) -> T
  ) async throws(DRError) -> T? {
    do throws(DRError) {
      return try await context.durable.retrying(body)
    } catch {
      if error.endsIncarnation { throw error }
      context.note(
        phase, "what begins and ends between two looks at the machines is in no verdict of this run: \(error)"
      )
      return nil
    }
  }
}
