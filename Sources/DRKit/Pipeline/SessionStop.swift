/// Stops the session and waits until every subvolume's rows show no worker.
struct SessionStop {
  let context: RunContext
  let phase: Phase
  let step: String

  func run() async throws(DRError) {
    let georep = context.ports.georep
    try await context.durable.once(step) { () async throws(DRError) in try await georep.stop() }
    let subvolumes = try await context.geometry().subvolumes
    _ = try await context.durable.poll(
      "\(step)ped", "", Waiting(phase, "the session's workers to stop"), within: context.policy.stopLimit,
      every: context.policy.statusInterval
    ) { () async throws(DRError) -> Bool? in
      SessionQuiet.complaint(try await georep.status(), subvolumes: subvolumes) == nil ? true : nil
    }
  }
}

/// Whether the status shows no worker. Held against the brick list: a row that is not there says nothing of its worker.
enum SessionQuiet {
  /// Nil when all is quiet, otherwise what is not.
  static func complaint(_ rows: [WorkerStatus], subvolumes: [[BrickName]]) -> String? {
    if let row = rows.filter({ $0.state != .stopped && $0.state != .created }).min(by: { $0.brick < $1.brick }
    ) {
      return "a worker of \(row.brick) is \(row.state)"
    }
    for (index, bricks) in subvolumes.enumerated() where !rows.contains(where: { bricks.contains($0.brick) })
    {
      return "no status row for subvolume \(index)"
    }
    return subvolumes.isEmpty ? "the volume has no bricks" : nil
  }
}
