/// Reads the status rows against the brick list: is *our* checkpoint complete on *every* subvolume?
///
/// Never "as many as": stale, empty and missing rows are the normal lies of this status (measured on 10.3: a
/// worker that is not Active shows N/A everywhere, a dead node's row vanishes, an old checkpoint's Yes stays;
/// docs/real-systems.md, "Gluster").
struct CheckpointJudge: Sendable {
  let subvolumes: [[BrickName]]
  let checkpoint: Instant

  enum Opinion: Hashable, Sendable {
    case complete
    /// Not yet, or not known; why.
    case pending(String)
  }

  func opinion(_ rows: [WorkerStatus]) -> Opinion {
    for (index, bricks) in subvolumes.enumerated() {
      if case .pending(let reason) = opinion(rows, of: bricks) {
        return .pending(subvolumes.count == 1 ? reason : "subvolume \(index): \(reason)")
      }
    }
    return subvolumes.isEmpty ? .pending("the volume has no bricks") : .complete
  }

  private func opinion(_ rows: [WorkerStatus], of bricks: [BrickName]) -> Opinion {
    let mine = rows.filter { bricks.contains($0.brick) }
    let active = mine.filter { $0.state == .active }
    guard active.count == 1, let worker = active.first else {
      if active.count > 1 { return .pending("\(active.count) Active workers, expected one") }
      return .pending(mine.isEmpty ? "no status row" : "no Active worker (\(words(mine)))")
    }
    guard worker.checkpointTime == checkpoint else {
      return .pending(
        worker.checkpointTime == nil ? "no checkpoint shown yet" : "the checkpoint shown is not ours")
    }
    guard worker.checkpointCompleted == true else {
      return .pending("the checkpoint is not complete (\(crawl(worker)))")
    }
    return .complete
  }

  private func words(_ rows: [WorkerStatus]) -> String {
    rows.map { "\($0.state)" }.sorted().joined(separator: ", ")
  }

  private func crawl(_ worker: WorkerStatus) -> String {
    let pending = [worker.entriesPending, worker.dataPending, worker.metadataPending]
      .map { $0.map(String.init) ?? "-" }.joined(separator: "/")
    return "\(worker.crawl) crawl, pending \(pending)"
  }
}

/// Tells a stalled live crawl from a slow transfer: Active, Changelog Crawl, nothing pending, LAST_SYNCED frozen for more
/// than two rollovers with the checkpoint open (the race in `changelog_ev_connector`, glusterfs 10.3 to HEAD). Only a new
/// worker heals it.
struct StallWatch: Sendable {
  private struct Sign: Hashable, Sendable {
    var lastSynced: Instant?
    var since: Instant
  }

  private var signs: [BrickName: Sign] = [:]
  let patience: TimeSpan

  init(rollover: TimeSpan) { patience = rollover * 2 + .seconds(1) }

  /// The stalled brick, if there is one.
  mutating func look(_ rows: [WorkerStatus], at now: Instant) -> BrickName? {
    var stalled: BrickName?
    for row in rows {
      let idle =
        row.state == .active && row.crawl == .changelog && row.checkpointCompleted != true
        && (row.entriesPending ?? 0) == 0 && (row.dataPending ?? 0) == 0 && (row.metadataPending ?? 0) == 0
      guard idle else {
        signs[row.brick] = nil
        continue
      }
      guard let sign = signs[row.brick], sign.lastSynced == row.lastSynced else {
        signs[row.brick] = Sign(lastSynced: row.lastSynced, since: now)
        continue
      }
      if now - sign.since > patience, stalled.map({ row.brick < $0 }) ?? true { stalled = row.brick }
    }
    return stalled
  }

  mutating func reset() { signs = [:] }
}
