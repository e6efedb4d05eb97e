/// Merges this run's snapshots, made or perhaps made: each machine of the journalled plan is asked.
struct MergePhase {
  let context: RunContext

  init(_ context: RunContext) { self.context = context }

  /// Returns what still stands, named for an alert.
  func run() async throws(DRError) -> [String] {
    try await context.phase(.merge) { () async throws(DRError) in
      let plan: QuiescePlan? = try await context.durable.recall(QuiescePhase.planStep)
      guard let plan, !plan.machines.isEmpty else { return ([], note: "no snapshot was asked for") }
      let merger = SnapshotMerger(context: context, phase: .merge)
      let results = try await context.durable.each(plan.machines, limit: context.policy.concurrency) {
        (machine) async throws(DRError) in
        try await merger.merge(
          description: context.snapshotDescription, machine: machine.id, name: machine.name)
      }
      var standing: [String] = []
      for (machine, result) in zip(plan.machines, results) {
        switch result {
        case .success(let left): if let left { standing.append(left) }
        case .failure(let error):
          if error.endsIncarnation { throw error }
          standing.append("\(machine.name): \(error)")
        }
      }
      let note =
        standing.isEmpty
        ? "\(plan.machines.count) machine(s) merged" : "\(standing.count) snapshot(s) STILL STAND"
      return (standing, note: note)
    }
  }
}

/// Removes every snapshot with one description from one machine and sees each gone.
struct SnapshotMerger: Sendable {
  let context: RunContext
  let phase: Phase

  /// Returns nil when none stands, otherwise a sentence naming the one that does.
  func merge(
    description: String, machine: VirtualMachineID, name: String
  ) async throws(DRError) -> String? {
    let engine = context.ports.engine
    while true {
      let standing = try await context.durable.retrying { () async throws(DRError) -> Snapshot? in
        do throws(DRError) {
          return try await engine.snapshots(of: machine).first { $0.description == description }
        } catch {
          // The machine was deleted, and its snapshots with it.
          guard error.kind == .missing else { throw error }
          return nil
        }
      }
      guard let standing else { return nil }
      guard try await remove(standing.id, of: machine, name) else {
        return "\(name): snapshot \"\(description)\""
      }
    }
  }

  /// True when the snapshot is gone, false when every attempt at it failed.
  private func remove(
    _ snapshot: SnapshotID, of machine: VirtualMachineID, _ name: String
  ) async throws(DRError) -> Bool {
    let attempts = max(1, context.policy.mergeAttempts)
    for attempt in 1...attempts {
      let item = "\(machine)/\(snapshot)/\(attempt)"
      let waiting = Waiting(phase, "\(name)'s snapshot or live merge")
      do throws(DRError) {
        let ready = try await context.durable.watch(
          "\(phase.rawValue).unlocked", item, waiting, within: context.policy.mergeLimit,
          every: context.policy.snapshotInterval
        ) { () async throws(DRError) in try await settled(snapshot, of: machine) }
        if ready == .gone { return true }
        if try await request(snapshot, of: machine, item) {
          let end = try await context.durable.poll(
            "\(phase.rawValue).gone", item, waiting, within: context.policy.mergeLimit,
            every: context.policy.snapshotInterval
          ) { () async throws(DRError) in try await settled(snapshot, of: machine) }
          if end == .gone { return true }
        }
      } catch {
        context.note(phase, "\(name): \(error)")
        if error.kind == .timedOut { return false }
        // What kept the engine from it for all the retries (a migration, a backup: 409) may be over after a pause.
        guard error.kind == .transient else { throw error }
      }
      context.note(phase, "\(name): the merge failed (attempt \(attempt) of \(attempts))")
      if attempt < attempts { try await context.ports.clock.sleep(for: context.policy.mergePause) }
    }
    return false
  }

  /// False when the engine refused.
  private func request(
    _ snapshot: SnapshotID, of machine: VirtualMachineID, _ item: String
  ) async throws(DRError) -> Bool {
    let engine = context.ports.engine
    return try await context.durable.once("\(phase.rawValue).removed", item) { () async throws(DRError) in
      do throws(DRError) {
        // Locked since the last look: an earlier try whose answer was lost has begun.
        guard try await settled(snapshot, of: machine) == .standing else { return true }
        try await engine.removeSnapshot(snapshot, of: machine)
        return true
      } catch {
        // Gone already is what was wanted; a refusal is another failed attempt.
        switch error.kind {
        case .missing: return true
        case .refused: return false
        default: throw error
        }
      }
    }
  }

  private enum Settled: String, Sendable, Codable {
    case gone
    /// Not locked: nobody works on it. How a failed live merge ends.
    case standing
  }

  /// Nil while the engine works on the snapshot: a merge that we asked for, one that a dead incarnation asked for, or a
  /// making that outlived its limit. To ask for another removal meanwhile is refused (409) for longer than retries last.
  private func settled(
    _ snapshot: SnapshotID, of machine: VirtualMachineID
  ) async throws(DRError) -> Settled? {
    guard let now = try await context.ports.engine.snapshot(snapshot, of: machine), now.isRegular else {
      return .gone
    }
    return now.status == .locked ? nil : .standing
  }
}
