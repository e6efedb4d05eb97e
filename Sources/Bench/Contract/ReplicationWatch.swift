import DRKit

/// What the status rows of one passage of the session said, from its start on.
struct ReplicationWatch: Sendable {
  let subvolumes: [[BrickName]]
  /// The one that was set for this passage.
  let checkpoint: Instant
  /// Rows that are not Active and told more than their state.
  private(set) var talkers: Set<WorkerStatus> = []
  /// Rows that said complete, without a checkpoint or with one younger than ours.
  private(set) var liars: Set<WorkerStatus> = []
  private(set) var samples = 0

  init(_ subvolumes: [[BrickName]], checkpoint: Instant) {
    self.subvolumes = subvolumes
    self.checkpoint = checkpoint
  }

  mutating func look(_ rows: [WorkerStatus]) {
    samples += 1
    for row in rows {
      if row.state != .active, !ContractSuite.isQuiet(row) { talkers.insert(row) }
      if row.checkpointCompleted == true, row.checkpointTime.map({ $0 > checkpoint }) ?? true {
        liars.insert(row)
      }
    }
  }

  /// The Active worker of each subvolume; nil unless there is exactly one of each.
  func active(_ rows: [WorkerStatus]) -> [WorkerStatus]? {
    var all: [WorkerStatus] = []
    for bricks in subvolumes {
      let mine = rows.filter { bricks.contains($0.brick) && $0.state == .active }
      guard mine.count == 1 else { return nil }
      all.append(mine[0])
    }
    return all
  }

  func isComplete(_ rows: [WorkerStatus]) -> Bool {
    guard let active = active(rows) else { return false }
    return active.allSatisfy { $0.checkpointTime == checkpoint && $0.checkpointCompleted == true }
  }
}
