/// Finds what earlier runs of this destination left at the engine and merges it, so that no second overlay is stacked on a
/// leftover. (An unfinished run is resumed before any new one begins; this is for runs whose journal is lost or that had to
/// leave snapshots standing.)
struct AdoptPhase {
  let context: RunContext

  init(_ context: RunContext) { self.context = context }

  func run() async throws(DRError) {
    try await context.phase(.adopt) { () async throws(DRError) in
      let leftovers = try await find()
      guard !leftovers.isEmpty else { return ((), note: "nothing left by earlier runs") }
      for leftover in leftovers {
        context.note(.adopt, "merging a snapshot of run \(leftover.run) on \(leftover.machine.name)")
      }
      let merger = SnapshotMerger(context: context, phase: .adopt)
      let results = try await context.durable.each(leftovers, limit: context.policy.concurrency) {
        (leftover) async throws(DRError) in
        try await merger.merge(
          description: SnapshotName.text(run: leftover.run, key: context.target.key),
          machine: leftover.machine.id, name: leftover.machine.name)
      }
      for result in results {
        if case .failure(let error) = result { throw error }
        if case .success(.some(let standing)) = result {
          throw DRError(
            .refused, "merge a leftover", standing, reason: "the engine failed to merge it again and again",
            remedy: "look at the engine's events for this machine; a second overlay is not stacked on it")
        }
      }
      return ((), note: "merged the snapshots of earlier runs on \(leftovers.count) machine(s)")
    }
  }

  private struct Leftover: Sendable, Codable {
    var machine: VirtualMachine
    var run: RunID
  }

  private func find() async throws(DRError) -> [Leftover] {
    let domain = try await context.domain()
    let engine = context.ports.engine
    return try await context.durable.once("adopt.found") { () async throws(DRError) in
      var found: [Leftover] = []
      for machine in try await engine.machines(on: domain.id).sorted(by: { $0.id < $1.id }) {
        for snapshot in try await engine.snapshots(of: machine.id) {
          guard let run = SnapshotName.run(in: snapshot.description, key: context.target.key) else {
            continue
          }
          // Two of one description are one piece of work: the merger removes both.
          let isKnown = found.contains { $0.machine.id == machine.id && $0.run == run }
          if run != context.run && !isKnown { found.append(Leftover(machine: machine, run: run)) }
        }
      }
      return found
    }
  }
}
