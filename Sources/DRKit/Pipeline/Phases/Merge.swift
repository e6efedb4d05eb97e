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
        case .failure(let error): standing.append("\(machine.name): \(error)")
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
    for attempt in 1...max(1, context.policy.mergeAttempts) {
      let item = "\(machine)/\(description)/\(attempt)"
      let standing = try await context.durable.retrying { () async throws(DRError) in
        try await engine.snapshots(of: machine).first { $0.description == description }
      }
      guard let standing else { return nil }
      let removal = try await context.durable.once("\(phase.rawValue).removed", item) {
        () async throws(DRError) in
        do throws(DRError) {
          try await engine.removeSnapshot(standing.id, of: machine)
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
      guard removal else { continue }
      let gone = try await gone(standing.id, machine, name, item)
      if gone { return nil }
      context.note(phase, "\(name): the merge failed (attempt \(attempt) of \(context.policy.mergeAttempts))")
    }
    return "\(name): snapshot \"\(description)\""
  }

  /// True when the snapshot is gone; false when it is `ok` again, which is how a failed live merge ends.
  private func gone(
    _ snapshot: SnapshotID, _ machine: VirtualMachineID, _ name: String, _ item: String
  ) async throws(DRError) -> Bool {
    let engine = context.ports.engine
    do throws(DRError) {
      return try await context.durable.poll(
        "\(phase.rawValue).gone", item, Waiting(phase, "\(name)'s live merge"),
        within: context.policy.mergeLimit,
        every: context.policy.snapshotInterval
      ) { () async throws(DRError) -> Bool? in
        guard let now = try await engine.snapshot(snapshot, of: machine) else { return true }
        return now.status == .ok ? false : nil
      }
    } catch {
      guard error.kind == .timedOut else { throw error }
      return false
    }
  }
}
