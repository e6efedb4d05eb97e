/// Stops the session and waits until every subvolume's rows show no worker, and then until the secondary is silent: an orphan
/// worker shows in no row.
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
    // Once silent is enough here: a resumption comes by when a later pass may be running, and who changes the secondary looks anew.
    if try await context.durable.recall("\(step).silent", as: Bool.self) == nil {
      try await context.proveSilence(phase)
      try await context.durable.remember(true, "\(step).silent")
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
