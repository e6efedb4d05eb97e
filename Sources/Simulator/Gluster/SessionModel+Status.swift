import DRKit

/// What `status detail` shows.
extension SessionModel {
  /// One row a brick, in an order that changes from call to call. What a worker that is not Active would have to say is
  /// N/A: unknown, not zero.
  public mutating func status() -> [WorkerStatus] {
    var rows = bricks.indices.map(row)
    draws.shuffle(&rows)
    return rows
  }

  private func row(_ brick: Int) -> WorkerStatus {
    let name = bricks[brick].name
    guard isStarted else {
      return WorkerStatus(brick: name, state: wasStarted ? .stopped : .created)
    }
    guard let index = workerOfBrick[brick] else { return WorkerStatus(brick: name, state: .initializing) }
    let worker = workers[index]
    switch worker.state {
    case .initializing: return WorkerStatus(brick: name, state: .initializing)
    case .passive: return WorkerStatus(brick: name, state: .passive)
    case .faulty, .dead: return WorkerStatus(brick: name, state: .faulty)
    case .active: break
    }
    let synced = stime(of: worker.subvolume)
    var completed: Bool?
    if let checkpoint { completed = synced.map { $0 >= checkpoint } ?? false }
    return WorkerStatus(
      brick: name, state: .active, crawl: worker.crawl,
      entriesPending: Int64(worker.batch?.entriesPending ?? 0),
      dataPending: Int64(worker.batch?.dataPending ?? 0), metadataPending: 0, failures: 0, lastSynced: synced,
      checkpointTime: checkpoint, checkpointCompleted: completed)
  }
}
