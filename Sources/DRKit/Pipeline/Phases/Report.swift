/// Tells the engine how it went. Never silent: what can't be posted is in the run's record.
struct ReportPhase {
  let context: RunContext

  init(_ context: RunContext) { self.context = context }

  /// Returns the error that kept the event from being posted, if one did.
  func run(_ record: RunRecord, _ point: RecoveryPoint?) async throws(DRError) -> DRError? {
    do throws(DRError) {
      try await context.phase(.report) { () async throws(DRError) in
        let event = try await event(record, point)
        try await context.durable.once("report.event") { () async throws(DRError) in
          try await context.ports.engine.post(event)
        }
        return ((), note: "\(event.severity.rawValue) event posted")
      }
      return nil
    } catch {
      if error.endsIncarnation { throw error }
      return error
    }
  }

  private func event(_ record: RunRecord, _ point: RecoveryPoint?) async throws(DRError) -> EngineEvent {
    let domain = try await context.domain()
    let divergence = try await context.durable.retrying { () async throws(DRError) in
      try await context.ports.catalogue.divergence(of: record.key)
    }
    let severity: Severity
    var text: String
    if let point {
      let machines = point.machines ?? []
      let isWhole =
        point.leftOut.isEmpty && machines.allSatisfy { $0.grade == .whole } && !point.images.isEmpty
        && divergence == nil
      severity = !record.leftOver.isEmpty ? .alert : isWhole ? .normal : .warning
      text = "drkit: recovery point of \(record.key) sealed, \(point.images.count) image(s) proved"
      if let proof = ContentProof.weakest(point.images.compactMap(\.proof)), proof.level == .sampled {
        text += " BY SAMPLES (\(proof))"
      }
      if context.repairs && divergence == nil {
        text += "; the destination is REPAIRED, everything there that can be held still is proved"
      }
      if !point.leftOut.isEmpty { text += "; LEFT OUT: \(point.leftOut.joined(separator: "; "))" }
      let lowered = machines.filter { $0.grade == .lowered }
      if !lowered.isEmpty { text += "; LOWERED: \(lowered.map(\.description).joined(separator: "; "))" }
      let noticed = machines.filter { $0.grade == .whole && !$0.remarks.isEmpty }
      if !noticed.isEmpty { text += "; noticed: \(noticed.map(\.description).joined(separator: "; "))" }
      if !point.notInPoint.isEmpty {
        text += "; not in the point: \(point.notInPoint.joined(separator: "; "))"
      }
    } else {
      severity = .alert
      text = "drkit: sync of \(record.key) FAILED"
      if let failure = record.failure { text += ": \(failure)" }
      let standing = try await context.durable.retrying { () async throws(DRError) in
        try await context.ports.catalogue.newestPoint(record.key)
      }
      text += standing.map { "; the last sealed point is of run \($0.run)" } ?? "; there is no sealed point"
      // Nothing keeps the old point whole while a new one arrives (see `ProtectPhase`).
      if let standing { text += try await doubt(of: standing) }
    }
    if let divergence {
      text +=
        "; the destination is DIVERGED since run \(divergence.run) (\(divergence.image): \(divergence.reason)); "
        + "only `drctl repair \(record.key)` ends that"
    }
    if !record.leftOver.isEmpty {
      text += "; still standing: \(record.leftOver.joined(separator: "; "))"
    }
    return EngineEvent(
      customID: Derived.eventID(run: record.id, event: "outcome"), severity: severity, description: text,
      storageDomain: domain.id,
      externalStatus: severity == .normal ? .ok : severity == .warning ? .warning : .error)
  }

  /// What became of the point that the alert names, since it was sealed; empty if nothing did.
  private func doubt(of standing: RecoveryPoint) async throws(DRError) -> String {
    let (catalogue, journal) = (context.ports.catalogue, context.ports.journal)
    let run = context.run
    return try await context.durable.retrying { () async throws(DRError) in
      if let other = try await PointDoubt.overwriter(of: standing, in: catalogue, journal, besides: run) {
        return ", but run \(other.id) has overwritten it in part"
      }
      guard try await PointDoubt.carried(run, journal) else { return "" }
      let checkpoint = StepKey(run: run, step: "\(ReplicatePhase.pass).checkpoint")
      if try await journal.value(for: checkpoint) != nil {
        return ", but this run has overwritten it in part"
      }
      return try await PointDoubt.foundRunning(run, journal)
        ? ", but the session was found running and has overwritten it in part"
        : ", but this run has overwritten it in part"
    }
  }
}
